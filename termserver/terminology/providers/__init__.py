"""Code systems with rules of their own: those that have a grammar instead of a list, and those whose list has more to it.

Reading order: `registry` (which system has what), `grammar` (content that is a grammar: codes are checked, not found in
a list), then one file a system.

A provider satisfies `content.Content`; nothing outside asks which one it talks to.
"""
