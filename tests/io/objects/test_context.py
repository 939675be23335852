"""What result objects repeat of their images: names in any script, careless values, numbers and times."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.io.make_ct import make_slice, write_series, write_slice
from tests.io.objects.conftest import ALGORITHM, context_of, save
from tests.io.objects.made_reports import STUDY, make_saved
from tests.io.objects.test_documents import PDF
from tests.io.objects.test_seg import make_lesions
from tests.validators import require_valid
from vascal.errors import InputError
from vascal.io.objects.context import ObjectContext, make_context
from vascal.io.objects.encapsulated_pdf import encapsulate_pdf
from vascal.io.objects.key_images import select_key_images
from vascal.io.objects.references import reference_of
from vascal.io.objects.seg import write_result_seg
from vascal.io.objects.sr_ct import describe_score
from vascal.io.reading import read_input

NAMES = {
    "German": ("ISO_IR 100", "Müller^Jörg^^Dr."),
    "Chinese, GB18030": ("GB18030", "Wang^XiaoDong=王^小东="),
    "Chinese, GBK": ("GBK", "Zhang^San=张^三"),
    "Japanese, ISO 2022": (["ISO 2022 IR 6", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "Korean, ISO 2022": (["ISO 2022 IR 6", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "Russian": ("ISO_IR 144", "Люкceмбypг"),
    "UTF-8": ("ISO_IR 192", "Åström^Zoë"),
}


def one_context(folder: Path, **attributes: Any) -> ObjectContext:
    path = write_slice(folder, "a.dcm", make_slice(0, (0, 0, 0), **attributes))
    return make_context([(path, None)], b"x", "9.9")


def written(context: ObjectContext) -> Dataset:
    return pydicom.dcmread(io.BytesIO(encapsulate_pdf(PDF, context, "x")))


@pytest.mark.parametrize(("charset", "name"), NAMES.values(), ids=NAMES)
def test_names_in_any_script_come_out_equal_in_utf_8(tmp_path: Path, charset: Any, name: str) -> None:
    family = name.rstrip("=").split("=")[-1].split("^")[0]
    other = Dataset()
    other.PatientID, other.TypeOfPatientID, other.IssuerOfPatientID = "7", "TEXT", family
    context = one_context(
        tmp_path,
        SpecificCharacterSet=charset,
        PatientName=name,
        StudyDescription=family,
        OtherPatientIDsSequence=Sequence([other]),
    )
    path = save(encapsulate_pdf(PDF, context, "x"), tmp_path / "pdf.dcm")
    one = pydicom.dcmread(path)
    assert one.SpecificCharacterSet == "ISO_IR 192"
    assert str(one.PatientName).rstrip("=") == name.rstrip("=")
    assert one.StudyDescription == other.IssuerOfPatientID
    assert one.OtherPatientIDsSequence[0].IssuerOfPatientID == other.IssuerOfPatientID
    assert name.split("=", maxsplit=1)[0].encode() in path.read_bytes()
    require_valid(path)


CARELESS: dict[str, dict[str, Any]] = {
    "nothing but what places the image": dict.fromkeys(("PatientName", "PatientID", "PatientBirthDate", "StudyDate")),
    "dates with dashes and times with colons": {
        "PatientBirthDate": "1950-03-01",
        "StudyDate": "2020.03.01",
        "StudyTime": "12:30:15",
    },
    "nonsense": {
        "PatientBirthDate": "unknown",
        "StudyTime": "noon",
        "PatientAge": "66",
        "PatientSex": "female",
        "StudyDescription": "x" * 80,
        "BodyPartExamined": "thorax / abdomen",
        "ContentDate": "00000000",
    },
    "a series numbered by time": {"SeriesNumber": "2021121235"},
    "no series number": {"SeriesNumber": None},
}


@pytest.mark.parametrize("attributes", CARELESS.values(), ids=CARELESS)
def test_good_objects_are_made_of_careless_headers(tmp_path: Path, attributes: dict[str, Any]) -> None:
    with pydicom.config.disable_value_validation():
        folder = write_series(tmp_path / "ct", **attributes)
    (series,) = read_input(folder)[0].series
    context = context_of(series)
    lesions = make_lesions(series.grid)
    seg = write_result_seg(lesions, series, context, algorithm=ALGORITHM, colours={})
    assert seg is not None
    require_valid(save(seg.data, tmp_path / "seg.dcm"), save(encapsulate_pdf(PDF, context, "x"), tmp_path / "pdf.dcm"))


WRONG: dict[str, Any] = {
    "PatientID": "x" * 70,
    "AccessionNumber": "A" * 20,
    "PatientBirthDate": "1950-03-01",
    "PatientSex": "female",
    "PatientSize": "1.75",
    "PatientWeight": "70",
    "ContentDate": "2020-03-01",
    "ContentTime": "12:30:15.5",
}


def test_what_is_wrong_is_mended_or_left_out_but_never_what_identifies(tmp_path: Path) -> None:
    with pydicom.config.disable_value_validation():
        path = write_slice(tmp_path, "a.dcm", make_slice(0, (0, 0, 0), **WRONG))
    path.write_bytes(path.read_bytes().replace(b"1.75", b"1,75"))
    context = make_context([(path, None)], b"x", "9.9")
    one = context.describe_study()
    assert (one.PatientID, one.AccessionNumber) == ("x" * 70, "A" * 20)
    assert (one.PatientBirthDate, one.PatientSex, one.PatientWeight) == ("19500301", "", 70)
    assert "PatientSize" not in one
    assert context.moment == ("20200301", "123015.5")


def test_objects_sort_behind_their_images(tmp_path: Path) -> None:
    context = one_context(tmp_path, SeriesNumber=3)
    assert [context.series_number(kind) for kind in ("seg", "sr", "pdf", "capture", "key-objects")] == [
        391, 392, 393, 394, 395,
    ]  # fmt: skip
    assert one_context(tmp_path / "b", SeriesNumber=2021121235).series_number("seg") == 91


def test_the_software_that_made_it_is_named(tmp_path: Path) -> None:
    one = written(one_context(tmp_path))
    assert (one.Manufacturer, one.ManufacturerModelName, one.SoftwareVersions) == ("vascal", "vascal", "9.9")
    assert one.file_meta.ImplementationVersionName == "VASCAL"


def test_images_in_an_archive_are_read_and_other_files_are_refused(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as made:
        for path in folder.iterdir():
            made.write(path, path.name)
    (series,) = read_input(tmp_path / "ct.zip")[0].series
    assert len(context_of(series).sources) == 5
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match="DICOM results need DICOM images"):
        make_context([(tmp_path / "a.png", None)], b"x", "9.9")
    with pytest.raises(InputError, match="no image is given"):
        make_context([], b"x", "9.9")


def test_real_scans_give_valid_objects(tmp_path: Path, shared_data: Path) -> None:
    folders = ("chest-thick/soft", "chest-contrast/series", "qrm-phantom/dicom")
    for number, folder in enumerate(folders):
        (series,) = read_input(shared_data / folder)[0].series
        context = context_of(series)
        lesions = make_lesions(series.grid)
        seg = write_result_seg(lesions, series, context, algorithm=ALGORITHM, colours={})
        assert seg is not None
        paths = [
            save(seg.data, tmp_path / f"seg{number}.dcm"),
            save(encapsulate_pdf(PDF, context, "x"), tmp_path / f"pdf{number}.dcm"),
        ]
        require_valid(*paths)
    with pytest.raises(InputError, match="has no SOPClassUID, SOPInstanceUID, StudyInstanceUID, SeriesInstanceUID"):
        context_of(read_input(shared_data / "aorta-contrast/series")[0].series[0])


def test_images_of_two_patients_in_one_series_have_no_result_under_either(tmp_path: Path) -> None:
    def mix(index: int, ds: Dataset) -> None:
        ds.PatientID = "ID-1" if index < 2 else "ID-2"

    (series,) = read_input(write_series(tmp_path, change=mix))[0].series
    with pytest.raises(InputError, match=r"disagree on PatientID \(2 different values\)") as caught:
        context_of(series)
    assert "ID-1" not in str(caught.value)


def test_a_day_that_is_none_and_a_request_that_says_little_still_give_valid_documents(tmp_path: Path) -> None:
    request = Dataset()
    request.StudyInstanceUID = "1.2.3.1"
    odd = {"StudyDate": "20209999", "ReferencedRequestSequence": Sequence([request])}
    with pydicom.config.disable_value_validation():
        slices = tuple(make_slice(k, (-10.0, -10.0, 3.0 * k), **STUDY | odd) for k in range(6))
    context = ObjectContext(sources=slices, seed="x", version="9.9")
    require_valid(
        save(describe_score(make_saved(), context), tmp_path / "sr.dcm"),
        save(select_key_images(context, [reference_of(slices[0])], "x"), tmp_path / "ko.dcm"),
    )
