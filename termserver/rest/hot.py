"""GET $translate as plain ASGI: query bytes in, answer bytes out, on the event loop, from memory.

A pipeline asks one code a request, thousands of times a second; there Starlette's Request, a thread and a session
cost more than the answer. What cannot be answered from memory (a table not built yet, a language asked for, content
that changed since) goes the common way, which builds the table; both ways call the same reader, engine and writer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from termserver.errors import TermserverError
from termserver.fhir.parameters import ParameterList, parameters_from_body, parameters_from_query
from termserver.fhir.primitives import plain_json
from termserver.fhir.translate_parameters import TranslateStyle, read_translate, write_translate
from termserver.fhir.versions import FhirVersion
from termserver.model.requests import TranslateRequest
from termserver.rest.hot_bodies import joined_parameters, split_parameters
from termserver.rest.hot_codes import HOT_OPERATIONS, HotCodes
from termserver.rest.negotiation import accepts
from termserver.rest.request import read_query
from termserver.terminology.service import Terminology
from termserver.terminology.translate_plan import TranslatePlan

_VERSIONS = {version.path: version for version in FhirVersion}
_TYPE_LEVEL = "/ConceptMap/$translate"
# Below /fhir the version is R4 unless the client names another one, and then it goes the common way
HOT_PATHS: dict[str, FhirVersion] = {f"/{path}{_TYPE_LEVEL}": version for path, version in _VERSIONS.items()} | {
    f"/fhir{_TYPE_LEVEL}": FhirVersion.R4
}
_CONTENT_TYPES = {version.path: (b"content-type", version.content_type.encode()) for version in FhirVersion}


_CODE_NAMES = (b"&code=", b"&sourceCode=", b"&targetCode=")
_PLACEHOLDER = "\x1a"
_MOST_PREPARED = 512


@dataclass(slots=True)
class _Prepared:
    """A request read once for all requests that differ from it in the code alone.

    Parameters
    ----------
    stamp
        What the plan was made for; None before there is one.
    """

    request: TranslateRequest
    style: TranslateStyle
    stamp: tuple[int, int] | None = None
    plan: TranslatePlan | None = None


class HotTranslate:
    """Answers GET $translate from memory. A pipeline's requests differ in the code alone: the rest is read once."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology
        self._prepared: dict[tuple[FhirVersion, bytes, bytes], _Prepared | None] = {}
        self._prepared_bodies: dict[tuple[FhirVersion, tuple[str, ...]], _Prepared | None] = {}

    def answer(self, version: FhirVersion, scope: Scope) -> bytes | None:
        """The answer's JSON; None if the common way must answer (errors too are told there)."""
        for name, value in scope["headers"]:
            if name == b"accept-language" or (name == b"accept" and not accepts(version, value)):
                return None
        found = split_code(scope["query_string"])
        if found is None:
            return None
        before, code, after = found
        key = (version, before, after)
        try:
            prepared = self._prepared[key]
        except KeyError:
            prepared = self._prepare(key)
        return None if prepared is None or not code else self._answer_prepared(prepared, code)

    def answer_body(self, version: FhirVersion, body: object) -> bytes | None:
        """As `answer`, for the Parameters of a POST: lists of thousands of codes come as entries of a batch."""
        found = split_parameters(body)
        if found is None or not found[1]:
            return None
        around, code = found
        key = (version, around)
        try:
            prepared = self._prepared_bodies[key]
        except KeyError:
            prepared = self._prepare_body(key)
        return None if prepared is None else self._answer_prepared(prepared, code)

    def _answer_prepared(self, prepared: _Prepared, code: str) -> bytes | None:
        stamp = self._terminology.plan_stamp()
        if stamp is None:
            return None
        if stamp != prepared.stamp:
            prepared.plan = self._plan(prepared)
            prepared.stamp = stamp
        body = prepared.plan.answer(code) if prepared.plan is not None else None
        return self._answer_apart(prepared, code) if body is None else body

    def _plan(self, prepared: _Prepared) -> TranslatePlan | None:
        try:
            return self._terminology.plan(prepared.request, prepared.style)
        except TermserverError:
            return None

    def _answer_apart(self, prepared: _Prepared, code: str) -> bytes | None:
        """What no plan answers, by the common engine and writer."""
        coding = prepared.request.codings[0]
        question = replace(prepared.request, codings=(replace(coding, code=code),))
        try:
            result = self._terminology.translate_in_memory(question)
        except TermserverError:
            return None
        if result is None:
            prepared.stamp = None  # the common way builds the tables
            return None
        return orjson.dumps(write_translate(result, prepared.style, reverse=question.reverse), default=plain_json)

    def _prepare(self, key: tuple[FhirVersion, bytes, bytes]) -> _Prepared | None:
        version, before, after = key
        try:
            pairs = read_query((before + _PLACEHOLDER.encode() + after).decode("ascii"))
            plain = not any(name.startswith("_") for name, _ in pairs)
            prepared = _prepared_for(parameters_from_query(pairs), version) if plain else None
        except (TermserverError, UnicodeDecodeError):
            prepared = None
        if len(self._prepared) >= _MOST_PREPARED:
            self._prepared.clear()
        self._prepared[key] = prepared
        return prepared

    def _prepare_body(self, key: tuple[FhirVersion, tuple[str, ...]]) -> _Prepared | None:
        version, around = key
        try:
            prepared = _prepared_for(parameters_from_body(joined_parameters(around, _PLACEHOLDER)), version)
        except TermserverError:
            prepared = None
        if len(self._prepared_bodies) >= _MOST_PREPARED:
            self._prepared_bodies.clear()
        self._prepared_bodies[key] = prepared
        return prepared


def _prepared_for(parameters: ParameterList, version: FhirVersion) -> _Prepared | None:
    """The request read; None if it asks for more than one code, or for a language."""
    request, style = read_translate(parameters, version)
    is_code = len(request.codings) == 1 and request.codings[0].code == _PLACEHOLDER
    return _Prepared(request, style) if is_code and request.language is None else None


def split_code(query: bytes) -> tuple[bytes, str, bytes] | None:
    """What stands before the code's value, the code, what stands after; None unless there is exactly one code.

    >>> split_code(b"system=s&code=A%2B1&url=u")
    (b'system=s&code=', 'A+1', b'&url=u')
    """
    text = b"&" + query
    names = [name for name in _CODE_NAMES if name in text]
    if len(names) != 1 or text.count(names[0]) != 1:
        return None
    begin = text.index(names[0]) + len(names[0])
    end = text.find(b"&", begin)
    if end < 0:
        end = len(text)
    try:
        code = text[begin:end].decode("ascii")
        if "%" in code or "+" in code:
            code = unquote_plus(code, errors="strict")
    except UnicodeDecodeError:
        return None
    return text[1:begin], code, text[end:]


class HotPath:
    """ASGI middleware: hot GETs are answered in front of the app and its other middleware, where memory can.

    The app adds it as its outermost one; without it the common routes give the same answers, slower.
    """

    def __init__(self, app: ASGIApp, terminology: Terminology) -> None:
        self._app = app
        self._translate = HotTranslate(terminology)
        self._codes = HotCodes(terminology)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "http" and scope["method"] == "GET":
            found = self._answer(scope)
            if found is not None:
                await send(found[0])
                await send(found[1])
                return
        await self._app(scope, receive, send)

    def _answer(self, scope: Scope) -> tuple[Message, Message] | None:
        version = HOT_PATHS.get(scope["path"])
        if version is not None:
            body = self._translate.answer(version, scope)
        else:
            operation = HOT_OPERATIONS.get(scope["path"])
            if operation is None:
                return None
            version = operation.version
            body = self._codes.answer(operation, scope)
        if body is None:
            return None
        headers = [_CONTENT_TYPES[version.path], (b"content-length", b"%d" % len(body))]
        head = {"type": "http.response.start", "status": 200, "headers": headers}
        return head, {"type": "http.response.body", "body": body}
