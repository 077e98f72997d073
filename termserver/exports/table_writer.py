"""Delimited text as a stream of bytes: the one place that every table export writes through."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_CHUNK = 64 * 1024


def delimited_chunks(
    header: Sequence[str],
    lines: Iterable[Sequence[str]],
    *,
    delimiter: str = ",",
    line_end: str = "\n",
    in_front: str = "",
    quoted: bool = True,
) -> Iterator[bytes]:
    r"""UTF-8 bytes of a table, some 64 kB at a time.

    Parameters
    ----------
    in_front
        Text before the header, such as a byte order mark.
    quoted
        False for formats without quotes (RF2, SSSOM as OHDSI's readers take it): cells must then hold no delimiter.

    >>> b"".join(delimited_chunks(("a", "b"), [("1", "x, y")]))
    b'a,b\n1,"x, y"\n'
    """
    buffer = io.StringIO(newline="")
    buffer.write(in_front)
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=line_end)

    def write(cells: Sequence[str]) -> None:
        if quoted:
            writer.writerow(cells)
        else:
            buffer.write(delimiter.join(cells) + line_end)

    write(header)
    for line in lines:
        write(line)
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def one_line(text: str) -> str:
    r"""Text without line breaks and tabs, for formats that have no quotes.

    >>> one_line("a\tb\r\n c")
    'a b c'
    """
    return " ".join(text.split())
