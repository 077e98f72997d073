"""The command `termserver`: `main` lists the subcommands, each lives in a file of its own and is imported when used."""
