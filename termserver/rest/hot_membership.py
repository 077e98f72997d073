"""ValueSet/$validate-code of one code after another: whether the value set holds it decides, and two forms of answer.

Whether it does is asked of `CodeQuestion`, as the engine asks it; how the answers look is learnt from the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from termserver.model.code_system import Concept
from termserver.model.requests import ValidateCodeRequest
from termserver.model.value_set import Include, ValueSet
from termserver.rest.hot_questions import with_codes
from termserver.rest.learnt_form import LearntForm
from termserver.rest.operations import answer_validation
from termserver.terminology.content import Content
from termserver.terminology.filters import below_test, needs_properties
from termserver.terminology.included_systems import Composition, composition_of
from termserver.terminology.included_version import read_coding
from termserver.terminology.library import Library
from termserver.terminology.loaded_concepts import LoadedConcepts, loaded_concepts
from termserver.terminology.membership import CodeQuestion, selects
from termserver.terminology.plain_concepts import PlainConcept, PlainConcepts, Standing
from termserver.terminology.selection import find_value_set
from termserver.terminology.service import Terminology
from termserver.terminology.standing import listed_standing
from termserver.terminology.validation_answer import display_rules
from termserver.terminology.versions import rules_of


class MembershipPlan:
    """See the module. Only for codes of a code system of which the value set means one version, already loaded."""

    def __init__(
        self,
        terminology: Terminology,
        question: ValidateCodeRequest,
        library: Library,
        value_set: ValueSet,
        composition: Composition,
        content: Content,
        concepts: LoadedConcepts,
    ) -> None:
        self._terminology = terminology
        self._question = question
        self._code, self._display = question.codings[0].code, question.codings[0].display
        self._library, self._value_set, self._composition, self._content = library, value_set, composition, content
        self._languages = display_rules(question, value_set).languages
        self._index = concepts.index
        self._concepts = PlainConcepts(concepts)
        self._needs_properties = any(
            needs_properties(rule)
            for owner in composition.value_sets.values()
            for part in (*owner.includes, *owner.listed, *owner.excludes)
            for rule in part.filters
        )
        # Of these the value set itself has something to say
        self._told_of = {
            listed.code
            for item in composition.includes
            for listed in item.include.concepts
            if listed_standing(listed) is not None
        }
        self._parts = _parts_without_imports(library, value_set, composition, content)
        self._tests = None if self._parts is None else _tests(content, concepts, [part for _, part in self._parts])
        self.forms: dict[tuple[bool, Standing], LearntForm] = {}

    @classmethod
    def of(cls, terminology: Terminology, question: ValidateCodeRequest) -> MembershipPlan | None:
        """A plan for questions about one code of a named system; else None."""
        coding = question.codings[0]
        if len(question.codings) != 1 or question.value_set_url is None or not coding.system:
            return None
        with terminology.library(question.overlay, question.supplements) as library:
            value_set = find_value_set(library, question.value_set_url, question.value_set_version)
            library.use_supplements((*question.supplements, *value_set.supplements))
            rules = rules_of(question)
            composition = composition_of(library, value_set, rules)
            for imported in composition.value_sets.values():
                library.use_supplements(imported.supplements)
            wanted = {item.wanted for item in composition.of_system(library, coding.system)}
            if len(wanted) != 1:
                return None
            content = read_coding(library, rules, coding, wanted.pop()).content
            concepts = None if content is None else loaded_concepts(library, content, terminology.open_index)
        if content is None or concepts is None:
            return None
        return cls(terminology, question, library, value_set, composition, content, concepts)

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """See `Plan`."""
        code = codes.get(self._code, self._code)
        found = self._concepts.named(code)
        if found is None or code in self._told_of:
            return None
        _, written, display, standing = found
        if self._display is not None and (
            self._languages.tags or orjson.dumps(codes.get(self._display, self._display)) != display
        ):
            return None
        key = (self._holds(code, found), standing)
        form = self.forms.get(key)
        if form is None:
            form = self.forms[key] = LearntForm()
        if form.is_hopeless:
            return None
        shown = self._concepts.shown(found, self._languages) if self._languages.tags else display
        if form.is_ready:
            return form.filled(written[1:-1], shown[1:-1])
        body = orjson.dumps(answer_validation(self._terminology, with_codes(self._question, codes), in_value_set=True))
        form.learn(written[1:-1], shown[1:-1], body)
        return body

    def _holds(self, code: str, plain: PlainConcept) -> bool:
        ordinal, _, display, standing = plain
        if self._tests is not None and code.isalnum():
            return any(test(ordinal) for test in self._tests)
        if self._needs_properties:
            concept = self._index.concept(code)
        else:
            concept = Concept(code, orjson.loads(display), active=standing[0], abstract=standing[1])
        if self._parts is not None:
            return any(selects(self._content, part, code, concept, path) for path, part in self._parts)
        asked = CodeQuestion(self._library, self._composition, self._content, code, concept)
        return asked.in_value_set(self._value_set, inactive_too=True)


def _parts_without_imports(
    library: Library, value_set: ValueSet, composition: Composition, content: Content
) -> list[tuple[str, Include]] | None:
    """The includes of the content, with their places: all that decides where nothing is imported or excluded; else None."""
    parts = value_set.includes or value_set.listed
    if value_set.excludes or any(part.value_sets for part in parts):
        return None
    own, version = library.canonical_system(content.header.url), content.header.version
    found = []
    for place, part in enumerate(parts):
        system, wanted = composition.meant(value_set, part)
        if library.canonical_system(system) == own and wanted.includes(version):
            found.append((f"ValueSet.compose.include[{place}]", part))
    return found


def _tests(content: Content, concepts: LoadedConcepts, parts: list[Include]) -> list[Callable[[int], bool]] | None:
    """Tests of ordinals, one of which a concept passes that is held; None unless each part is one test (`below_test`)."""
    if content.table is not concepts.index.table or any(part.concepts or len(part.filters) != 1 for part in parts):
        return None
    tests = [below_test(content, part.filters[0]) for part in parts]
    found = [test for test in tests if test is not None]
    return found if len(found) == len(tests) else None
