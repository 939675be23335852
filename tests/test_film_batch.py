"""Films of a run: names, sources and the table."""

from __future__ import annotations

import csv
import pickle
import zipfile
from pathlib import Path

import pytest

from tests.aac.made_film import make_aac_report
from tests.film_files import write_film, write_picture
from vascal.film_batch import TABLE, FilmJob, write_film_table
from vascal.io.aac_results import aac_to_dict
from vascal.io.film_reading import read_films


def job_of(path: Path) -> FilmJob:
    (film,) = read_films(path, stated_spacing_mm=1.4).films
    return FilmJob(input=path.name, film=film)


def test_a_film_is_named_by_its_uids_or_by_its_file(tmp_path: Path) -> None:
    dicom, plain = job_of(write_film(tmp_path / "a.dcm")), job_of(write_picture(tmp_path / "b.png"))
    assert dicom.folder == "1.2.3/1.2.3.4.5"
    assert dicom.title == "film of series 2"
    assert dicom.sources == ("1.2.3.4.5",)
    assert plain.folder == f"{plain.key}/{plain.key}"
    assert plain.title == f"film {plain.key}"
    assert plain.sources[0].startswith("sha256:")


def test_two_pictures_of_one_archive_are_different_sources(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "b.png")
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.write(picture, "one.png")
        archive.write(picture, "two.png")
    jobs = [
        FilmJob(input="both.zip", film=film) for film in read_films(tmp_path / "both.zip", stated_spacing_mm=1.4).films
    ]
    assert len({job.sources for job in jobs}) == len({job.folder for job in jobs}) == 2


def test_a_job_travels_to_another_process(tmp_path: Path) -> None:
    job = job_of(write_film(tmp_path / "a.dcm"))
    assert pickle.loads(pickle.dumps(job)) == job


def test_the_table_quotes_one_film_of_a_study_and_is_not_made_for_none(tmp_path: Path) -> None:
    write_film_table([], tmp_path)
    assert not (tmp_path / TABLE).exists()
    first = job_of(write_film(tmp_path / "a.dcm"))
    second = job_of(write_film(tmp_path / "b.dcm", uid="1.2.3.4.6"))
    saved = aac_to_dict(make_aac_report())
    better = {**saved, "reading": {**saved["reading"], "lateral_probability": 0.999}}
    write_film_table([(first, saved), (second, better)], tmp_path)
    with (tmp_path / TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["quote"], row["quote_reason"]) for row in rows] == [("no", ""), ("yes", "surest lateral view")]
    assert rows[1]["folder"] == "1.2.3/1.2.3.4.6"
    write_film_table([], tmp_path)
    assert (tmp_path / TABLE).read_text().count("\n") == 1


@pytest.mark.parametrize("existing", ["refuse", "overwrite"])
def test_only_a_resumed_run_looks_at_earlier_results(tmp_path: Path, existing: str) -> None:
    from vascal.saved_results import MadeFrom, load_earlier

    (tmp_path / "score.json").write_text("damaged")
    assert load_earlier(tmp_path / "score.json", existing, MadeFrom(options={}, source_uids=())) is None  # type: ignore[arg-type]
