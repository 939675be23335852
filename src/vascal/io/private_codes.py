"""What vascal says that no public code says: the private coding scheme 99VASCAL.

DICOM, FHIR and HL7 v2 all write these codes, so that a value means the same in each. Nothing here is ever
given another meaning: what changes gets a new value.

Source: DICOM PS3.3 section 8.2 (designators that begin with 99 are private), PS3.5 annex B.2 (identifiers under 2.25).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

SCHEME: Literal["99VASCAL"] = "99VASCAL"
SCHEME_UID = "2.25.55420410987991453997168437962020258532"
"""Coding Scheme UID (0008,010C); from a name-based UUID, so that no registry has to give it."""
SCHEME_URI = f"urn:oid:{SCHEME_UID}"
"""How FHIR names the scheme."""
SCHEME_NAME = "vascal calcium scoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateCode:
    """One code of 99VASCAL.

    Parameters
    ----------
    value
        Up to 16 characters, as DICOM's Code Value takes them.
    meaning
        Up to 64 characters, as DICOM's Code Meaning takes them.
    definition
        What it says, for a reader who has only this.
    """

    value: str
    meaning: str
    definition: str


def _table(rows: Iterable[tuple[str, str, str]]) -> Mapping[str, PrivateCode]:
    return MappingProxyType({row[0]: PrivateCode(value=row[0], meaning=row[1], definition=row[2]) for row in rows})


PRIVATE_CODES: Mapping[str, PrivateCode] = _table(
    (
        # Coronary calcium on CT.
        ("CALCIUM-SUM", "Sum of what was found, not an Agatston score",
         "Agatston units added up over a scan whose total must not be quoted as a calcium score"),
        ("VOLUME-SUM", "Volume of what was found, not a calcium volume",
         "As CALCIUM-SUM: volume above threshold, where it may be something else than calcium"),
        ("MASS-SUM", "Mass of what was found, not a calcium mass",
         "As CALCIUM-SUM: mass above threshold, where it may be something else than calcium"),
        ("ALL-CORONARY", "All coronary calcium", "Every lesion that counts in the total, of any vessel or none"),
        ("UNASSIGNED", "Coronary calcium of uncertain vessel", "Counts in the total and in no vessel"),
        ("OTHER-VESSEL", "Other vessel named by the label map", "A name that is none of LM, LAD, LCX and RCA"),
        *(
            (f"AGATSTON-{vessel}", f"Agatston score of the {vessel}", "Only where the total may be quoted")
            for vessel in ("LM", "LAD", "LCX", "RCA")
        ),
        ("AGATSTON-OTHER", "Agatston score outside LM, LAD, LCX and RCA", "Only where the total may be quoted"),
        ("VOLUME-ISO", "Calcium volume after isotropic interpolation", "Volume above threshold after interpolation"),
        ("MASS-INTEGRATED", "Calcium mass by integrated density", "Mass that does not depend on the threshold"),
        ("MASS-FRACTION", "Calcium mass by volume fraction", "Mass from the share of calcium in each voxel"),
        ("DENSITY", "Calcium density score", "Agatston score over area: 1 to 4 (Criqui 2014)"),
        ("LESIONS", "Number of calcified lesions", "Lesions that count in the sum they are given with"),
        ("NO-CALCIUM-IN", "No calcium counted in", "A coronary artery that was looked at and has no lesion"),
        ("VESSELS", "Coronary arteries with calcium", "How many of LM, LAD, LCX and RCA have a lesion: 0 to 4"),
        ("DIFFUSIVITY", "Calcium diffusivity index", "Share of calcium outside the worst vessel (Blaha 2016)"),
        ("REPEAT-LIMIT", "95 % limit of a repeated scan's difference",
         "How far a second scan may differ by chance, Agatston units (Chung 2008)"),
        ("CAC-CATEGORY", "Coronary calcium category", "Usual category of a total Agatston score (Rumberger 1999)"),
        ("CAC-0", "0", "Total Agatston score 0"),
        ("CAC-1-10", "1-10", "Total Agatston score above 0, up to 10"),
        ("CAC-11-100", "11-100", "Total Agatston score above 10, up to 100"),
        ("CAC-101-400", "101-400", "Total Agatston score above 100, up to 400"),
        ("CAC-ABOVE-400", ">400", "Total Agatston score above 400"),
        ("CAC-DRS", "CAC-DRS category", "Agatston and number of vessels, as A2/N3 (Hecht 2018)"),
        ("CAC-DRS-A", "CAC-DRS A, by Agatston score", "First modifier of CAC-DRS"),
        ("A0", "A0", "CAC-DRS: Agatston score 0"),
        ("A1", "A1", "CAC-DRS: Agatston score above 0, below 100"),
        ("A2", "A2", "CAC-DRS: Agatston score 100 to below 300"),
        ("A3", "A3", "CAC-DRS: Agatston score 300 or more"),
        ("CAC-DRS-N", "CAC-DRS N, by number of vessels", "Second modifier of CAC-DRS"),
        ("N0", "N0", "CAC-DRS: no coronary artery with calcium"),
        ("N1", "N1", "CAC-DRS: one coronary artery with calcium"),
        ("N2", "N2", "CAC-DRS: two coronary arteries with calcium"),
        ("N3", "N3", "CAC-DRS: three coronary arteries with calcium"),
        ("N4", "N4", "CAC-DRS: left main, LAD, LCX and RCA with calcium"),
        # Abdominal aortic calcification on a lateral film.
        ("AAC-METHOD", "AAC-24 grading by thirds of each wall", "Eight walls of 0 to 3 points (Kauppila 1997)"),
        ("AAC24", "AAC-24 total", "Abdominal aortic calcification at L1 to L4, 0 to 24 (Kauppila 1997)"),
        ("AAC-SUM", "Sum of grades, not an AAC-24", "Grades added up over a film whose total must not be quoted"),
        ("AAC24-ANTERIOR", "AAC-24 points of the anterior wall", "0 to 12"),
        ("AAC24-POSTERIOR", "AAC-24 points of the posterior wall", "0 to 12"),
        ("AAC24-LEVEL", "AAC-24 points of one level", "Both walls beside one lumbar vertebra, 0 to 6"),
        *((f"AAC24-L{n}", f"AAC-24 points at L{n}", "Both walls beside this vertebra, 0 to 6") for n in (1, 2, 3, 4)),
        *(
            (f"GRADE-L{n}-{wall[:4].upper()}", f"Grade of the {wall} aortic wall at L{n}", "0 to 3 by thirds")
            for n in (1, 2, 3, 4)
            for wall in ("anterior", "posterior")
        ),
        *(
            (f"SHARE-L{n}-{wall[:4].upper()}", f"Calcified share of the {wall} aortic wall at L{n}", "0 to 1")
            for n in (1, 2, 3, 4)
            for wall in ("anterior", "posterior")
        ),
        ("AAC24-EXPECTED", "Expected AAC-24", "Mean of the totals that the probabilities of the grades allow"),
        ("AAC-GRADE", "Grade of one aortic wall at one level", "0 to 3 by thirds of the wall's length"),
        ("AAC-SHARE", "Calcified share of one aortic wall at one level", "0 to 1 of the wall's length"),
        ("AAC-LEVEL-SURE", "Confidence of the name of a level", "0 to 1"),
        ("WALL-ANTERIOR", "Anterior wall of the abdominal aorta", "The wall away from the spine"),
        ("WALL-POSTERIOR", "Posterior wall of the abdominal aorta", "The wall beside the spine"),
        ("AAC8", "AAC-8 total", "Vertebral heights calcified on both walls, 0 to 8 (Schousboe 2008)"),
        ("AAC8-ANTERIOR", "AAC-8 points of the anterior wall", "0 to 4"),
        ("AAC8-POSTERIOR", "AAC-8 points of the posterior wall", "0 to 4"),
        ("AAC8-UNIT", "What AAC-8 counts as one height", "HEIGHT-VERTEBRA or HEIGHT-LEVEL"),
        ("HEIGHT-VERTEBRA", "Height of a vertebral body", "As AAC-8 was published"),
        ("HEIGHT-LEVEL", "Height of a level, disc to disc", "About 1.3 vertebral bodies, where those are not measured"),
        ("AAC-SEGMENTS", "Affected segments", "Levels with any calcification, 0 to 4 (Kauppila 1997)"),
        ("AAC-AP", "Antero-posterior severity", "Walls of levels with any calcification, 0 to 8 (Kauppila 1997)"),
        ("CLASS-KIDNEY", "AAC-24 class, thirds of the dialysis cohorts", "0-4, 5-15, 16-24 (CORD)"),
        ("KIDNEY-MILD", "none or mild (0-4)", "AAC-24 0 to 4, in the dialysis cohorts' classes"),
        ("KIDNEY-MODERATE", "moderate (5-15)", "AAC-24 5 to 15, in the dialysis cohorts' classes"),
        ("KIDNEY-SEVERE", "severe (16-24)", "AAC-24 16 to 24, in the dialysis cohorts' classes"),
        ("CLASS-POPULATION", "AAC-24 class, population cohorts", "0-1, 2-5, 6-24 (densitometry cohorts)"),
        ("POP-LOW", "low (0-1)", "AAC-24 0 to 1, in the population cohorts' classes"),
        ("POP-MODERATE", "moderate (2-5)", "AAC-24 2 to 5, in the population cohorts' classes"),
        ("POP-HIGH", "high (6-24)", "AAC-24 6 to 24, in the population cohorts' classes"),
        ("CLASS-MASTERPLAN", "AAC-24 class, MASTERPLAN", "0-3, 4-24 (MASTERPLAN)"),
        ("MASTER-BELOW-4", "below 4 (0-3)", "AAC-24 0 to 3, in MASTERPLAN's classes"),
        ("MASTER-4-OR-MORE", "4 or more (4-24)", "AAC-24 4 to 24, in MASTERPLAN's classes"),
        # Of both.
        ("INTERVAL-LOW", "Lower limit of the total", "Of the interval whose level is INTERVAL-LEVEL"),
        ("INTERVAL-HIGH", "Upper limit of the total", "Of the interval whose level is INTERVAL-LEVEL"),
        ("INTERVAL-LEVEL", "Level of the interval of the total", "0 to 1, such as 0.95"),
        ("ZERO-PROBABILITY", "Probability that the total is 0", "0 to 1, as the finder's networks see it"),
        ("QUOTABLE", "May be quoted", "Whether no critical caveat forbids to quote the total"),
        ("FOUND-BY", "Who marked the calcium", "BY-LABELS, BY-RULES or BY-LEARNED"),
        ("BY-LABELS", "A person or another program", "The marks were given"),
        ("BY-RULES", "Anatomy rules", "vascal's own rules, without a network"),
        ("BY-LEARNED", "Networks", "vascal's own networks"),
        ("FINDER", "Finder and its weights", "Name and version, of networks with the start of their SHA-256"),
        ("SCORING-RULE", "Scoring rule", "Name of the rule of score.json"),
        ("GATED", "Synchronised to the heart", "Whether the scan was ECG-gated, as far as known"),
        ("CAVEAT", "Caveat", "A limit of the result: code and text of score.json"),
        ("CAVEAT-CODE", "Code of a caveat", "Stable short name of score.json, such as kvp-mismatch"),
        ("CAVEAT-SEVERITY", "Severity of a caveat", "CRITICAL, CAUTION or INFO"),
        ("CRITICAL", "critical", "Severity of a caveat: the total must not be quoted"),
        ("CAUTION", "caution", "Severity of a caveat: to be kept in mind"),
        ("INFO", "info", "Severity of a caveat: for the record"),
        ("UNVERIFIED", "Not verified by a person", "Made by software; nobody has confirmed it"),
    )
)  # fmt: skip
"""Every code of the scheme, by its value."""
