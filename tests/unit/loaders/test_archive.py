import zipfile
from pathlib import Path

import pytest

from termserver.errors import BadFile, TooLarge
from termserver.loaders.archive import check_archive
from termserver.loaders.sniff import sniff_table


def archive(folder: Path, size_bytes: int, entry: str = "xl/workbook.xml") -> Path:
    path = folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open(entry, "w", force_zip64=True) as target:
        for _ in range(size_bytes // 1_000_000):
            target.write(b"0" * 1_000_000)
    return path


def test_archive_larger_than_the_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match=r"unpacks to 29 MB; the limit is 10 MB \(setting unpacked_limit_mb"):
        check_archive(archive(tmp_path, 30_000_000), name="bomb.xlsx", unpacked_limit_mb=10)


def test_zip_bomb_below_the_limit_is_refused_by_its_ratio(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="zip bomb"):
        sniff_table(archive(tmp_path, 30_000_000))


def test_archive_without_a_spreadsheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="holds no spreadsheet"):
        sniff_table(archive(tmp_path, 1_000_000, entry="photo.jpg"))
