"""Codes by which a FHIR bundle tells clinical variables: what each means here, and the units it may come in.

LOINC for measurements, SNOMED CT and ICD-10 for conditions and procedures, ATC
and RxNorm for drugs, CDC codes for race. ICD-10 and ATC are trees whose codes
begin with those above them, so a prefix stands for all below it; of the others
only the codes listed are known. What is listed as neither yes nor no may or may
not be what a formula asks for, so it leaves the variable unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vascal.risk.profile import Ethnicity

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10_SYSTEMS = frozenset({
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
})  # fmt: skip
"""The American, the international and the German edition; the codes used mean the same in each that has them."""
ATC_SYSTEMS = frozenset({"http://www.whocc.no/atc", "http://fhir.de/CodeSystem/bfarm/atc"})

CODE_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType({
    LOINC: re.compile(r"(?:L[AGLP])?\d{1,7}-\d"),
    SNOMED: re.compile(r"\d{6,18}"),
    RXNORM: re.compile(r"\d{1,8}"),
    **dict.fromkeys(ICD10_SYSTEMS, re.compile(r"[A-Z]\d[\dA-Z](?:\.?[\dA-Z]{1,4})?[.+*!†#-]*", re.IGNORECASE)),
    **dict.fromkeys(ATC_SYSTEMS, re.compile(r"[A-Z](?:\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?)?", re.IGNORECASE)),
})  # fmt: skip
"""How codes of the systems that are known look. Any other may hold a name or a number: it is not repeated."""

Says = Mapping[str, bool | None]
"""What a code says of variables; None is undecided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A LOINC code of one measurement.

    Parameters
    ----------
    code
        Of LOINC.
    variable
        Field of a `ClinicalProfile`, ``height``, ``weight``, or name of a wearable summary.
    units
        UCUM codes in which it may come, to the unit's name of the variable.
    meaning
        What is measured.
    """

    code: str
    variable: str
    units: Mapping[str, str]
    meaning: str


_MASS = MappingProxyType({"mg/dL": "mg/dL"})
_CHOLESTEROL = MappingProxyType({"mg/dL": "mg/dL", "g/L": "g/L", "mg/L": "mg/L"})
_MOLES = MappingProxyType({"mmol/L": "mmol/L"})
_PRESSURE = MappingProxyType({"mm[Hg]": "mmHg", "kPa": "kPa"})
_PERCENT = MappingProxyType({"%": "%"})
_MASS_RATIO = MappingProxyType({"mg/g": "mg/g", "ug/mg": "mg/g"})
_ANY_RATIO = MappingProxyType({**_MASS_RATIO, "mg/mmol": "mg/mmol"})
_FILTRATION = MappingProxyType(
    dict.fromkeys(("mL/min/{1.73_m2}", "mL/min/{1.73m2}", "mL/min/1.73.m2", "mL/min/1.73m2"), "mL/min/1.73 m2")
)
"""The first is UCUM's; the others are written for it."""

MEASURES: tuple[Measure, ...] = (
    Measure(code="8480-6", variable="systolic_mmhg", units=_PRESSURE, meaning="Systolic blood pressure."),
    Measure(code="8462-4", variable="diastolic_mmhg", units=_PRESSURE, meaning="Diastolic blood pressure."),
    Measure(code="2093-3", variable="total_cholesterol", units=_CHOLESTEROL, meaning="Cholesterol, as mass."),
    Measure(code="14647-2", variable="total_cholesterol", units=_MOLES, meaning="Cholesterol, as moles."),
    Measure(code="2085-9", variable="hdl", units=_CHOLESTEROL, meaning="HDL cholesterol, as mass."),
    Measure(code="14646-4", variable="hdl", units=_MOLES, meaning="HDL cholesterol, as moles."),
    Measure(code="18262-6", variable="ldl", units=_CHOLESTEROL, meaning="LDL cholesterol, direct assay, as mass."),
    Measure(code="69419-0", variable="ldl", units=_MOLES, meaning="LDL cholesterol, direct assay, as moles."),
    Measure(code="13457-7", variable="ldl", units=_CHOLESTEROL, meaning="LDL cholesterol, calculated, as mass."),
    Measure(code="39469-2", variable="ldl", units=_MOLES, meaning="LDL cholesterol, calculated, as moles."),
    Measure(code="2089-1", variable="ldl", units=_CHOLESTEROL, meaning="LDL cholesterol, any method, as mass."),
    Measure(code="22748-8", variable="ldl", units=_MOLES, meaning="LDL cholesterol, any method, as moles."),
    Measure(code="2160-0", variable="creatinine", units=_MASS, meaning="Creatinine in serum or plasma, as mass."),
    Measure(
        code="14682-9", variable="creatinine", units={"umol/L": "umol/L"}, meaning="Creatinine in serum, as moles."
    ),
    Measure(code="38483-4", variable="creatinine", units=_MASS, meaning="Creatinine in blood, as mass."),
    Measure(
        code="59826-8", variable="creatinine", units={"umol/L": "umol/L"}, meaning="Creatinine in blood, as moles."
    ),
    Measure(code="98979-8", variable="egfr", units=_FILTRATION, meaning="eGFR from creatinine, CKD-EPI 2021."),
    Measure(code="62238-1", variable="egfr", units=_FILTRATION, meaning="eGFR from creatinine, CKD-EPI."),
    Measure(code="33914-3", variable="egfr", units=_FILTRATION, meaning="eGFR from creatinine, MDRD."),
    Measure(code="4548-4", variable="hba1c", units=_PERCENT, meaning="HbA1c, share of haemoglobin."),
    Measure(code="17856-6", variable="hba1c", units=_PERCENT, meaning="HbA1c by HPLC, share of haemoglobin."),
    Measure(code="59261-8", variable="hba1c", units={"mmol/mol": "mmol/mol"}, meaning="HbA1c by the IFCC's method."),
    Measure(code="9318-7", variable="uacr", units=_MASS_RATIO, meaning="Albumin to creatinine in urine, by mass."),
    Measure(code="14959-1", variable="uacr", units=_MASS_RATIO, meaning="Albumin to creatinine in urine, by mass."),
    Measure(code="32294-1", variable="uacr", units=_ANY_RATIO, meaning="Albumin to creatinine in urine, any ratio."),
    Measure(code="30000-4", variable="uacr", units=_ANY_RATIO, meaning="Albumin to creatinine in urine, any ratio."),
    Measure(code="39156-5", variable="bmi", units={"kg/m2": "kg/m2"}, meaning="Body mass index."),
    Measure(code="8302-2", variable="height", units={"cm": "cm", "m": "m", "[in_i]": "in"}, meaning="Body height."),
    Measure(code="29463-7", variable="weight", units={"kg": "kg", "g": "g", "[lb_av]": "lb"}, meaning="Body weight."),
)
"""Of two measured at the same moment, the one listed first goes before the other."""

RACE_SPECIFIC = frozenset({"48642-3", "48643-1", "88293-6", "88294-4"})
"""eGFR by formulas that ask for race: never used, as each comes in two versions; creatinine is used in their place."""

PANELS = frozenset({"85354-9", "55284-4"})
"""Blood pressure; the values are in the components."""

SMOKING_STATUS = "72166-2"
_SMOKES: Says = {"is_smoker": True}
_SMOKES_NOT: Says = {"is_smoker": False}
_NOT_TOLD: Says = {"is_smoker": None}
SMOKING_ANSWERS: Mapping[tuple[str, str], Says] = MappingProxyType({
    (SNOMED, "449868002"): _SMOKES,  # smokes tobacco daily
    (SNOMED, "428041000124106"): _SMOKES,  # occasional tobacco smoker
    (SNOMED, "428061000124105"): _SMOKES,  # light tobacco smoker
    (SNOMED, "428071000124103"): _SMOKES,  # heavy tobacco smoker
    (SNOMED, "77176002"): _SMOKES,  # smoker
    (SNOMED, "8517006"): _SMOKES_NOT,  # ex-smoker
    (SNOMED, "266919005"): _SMOKES_NOT,  # never smoked tobacco
    (SNOMED, "8392000"): _SMOKES_NOT,  # non-smoker
    (SNOMED, "160618006"): _SMOKES_NOT,  # current non-smoker
    (SNOMED, "266927001"): _NOT_TOLD,  # consumption unknown
    (LOINC, "LA18976-3"): _SMOKES,  # current every day smoker
    (LOINC, "LA18977-1"): _SMOKES,  # current some day smoker
    (LOINC, "LA18981-3"): _SMOKES,  # heavy tobacco smoker
    (LOINC, "LA18982-1"): _SMOKES,  # light tobacco smoker
    (LOINC, "LA15920-4"): _SMOKES_NOT,  # former smoker
    (LOINC, "LA18978-9"): _SMOKES_NOT,  # never smoker
    (LOINC, "LA18979-7"): _NOT_TOLD,  # smoker, current status unknown
    (LOINC, "LA18980-5"): _NOT_TOLD,  # unknown if ever smoked
})  # fmt: skip

_DIABETES: Says = {"has_diabetes": True}
_CVD: Says = {"has_cvd": True}
_DIALYSIS: Says = {"on_dialysis": True}
HEART_ATTACK_ICD10 = ("I21", "I22", "I25.2")
HEART_ATTACK_SNOMED = frozenset({"22298006", "57054005", "401303003", "401314000", "399211009"})
"""Myocardial infarction; acute, with and without ST elevation; history of one."""

CONDITIONS_ICD10: Mapping[str, Says] = MappingProxyType({
    "E10": _DIABETES,  # type 1
    "E11": _DIABETES,  # type 2
    "E13": _DIABETES,  # other specified
    "E14": _DIABETES,  # unspecified; not in the American edition
    "E08": {"has_diabetes": None},  # of another disease
    "E09": {"has_diabetes": None},  # of a drug
    "E12": {"has_diabetes": None},  # of malnutrition
    "O24": {"has_diabetes": None},  # in pregnancy
    "I20": _CVD,  # angina pectoris
    "I21": _CVD,  # acute myocardial infarction
    "I22": _CVD,  # subsequent myocardial infarction
    "I23": _CVD,  # complications of one
    "I24": _CVD,  # other acute ischaemic heart disease
    "I25": _CVD,  # chronic ischaemic heart disease
    "I25.84": {"has_cvd": None},  # calcified coronary lesion: may be no more than calcium on CT
    "I50": _CVD,  # heart failure
    "I63": _CVD,  # cerebral infarction
    "I64": _CVD,  # stroke, not specified; not in the American edition
    "G45": _CVD,  # transient cerebral ischaemic attacks
    "G45.4": {},  # transient global amnesia, which is none
    "I70.2": _CVD,  # atherosclerosis of arteries of the limbs
    "I70": {"has_cvd": None},  # of the aorta and others: may be no more than calcium on an image
    "I71.3": _CVD,  # abdominal aortic aneurysm, ruptured
    "I71.4": _CVD,  # abdominal aortic aneurysm
    "I71": {"has_cvd": None},  # other aneurysm, and dissection
    "I73.9": _CVD,  # peripheral vascular disease
    "Z95.1": _CVD,  # aortocoronary bypass graft
    "Z95.5": _CVD,  # coronary stent
    "Z98.61": _CVD,  # coronary angioplasty
    "Z86.73": _CVD,  # history of stroke or transient ischaemic attack
    "Z86.7": {"has_cvd": None},  # history of another disease of the circulation
    "Z99.2": _DIALYSIS,  # dependence on dialysis
    "Z49": {"on_dialysis": None},  # care for dialysis
    "Z82.4": {"has_family_history": None},  # family history of any disease of the circulation
})  # fmt: skip
"""The longest prefix counts. Cardiovascular disease: clinical atherosclerotic disease as Grundy et al., Circulation
2019;139:e1082-e1143, doi:10.1161/CIR.0000000000000625, define it, and heart failure, which PREVENT excludes too."""

CONDITIONS_SNOMED: Mapping[str, Says] = MappingProxyType({
    "73211009": _DIABETES,  # diabetes mellitus
    "44054006": _DIABETES,  # type 2
    "46635009": _DIABETES,  # type 1
    **dict.fromkeys(HEART_ATTACK_SNOMED, _CVD),
    "53741008": _CVD,  # coronary arteriosclerosis
    "414545008": _CVD,  # ischaemic heart disease
    "194828000": _CVD,  # angina
    "84114007": _CVD,  # heart failure
    "230690007": _CVD,  # cerebrovascular accident
    "422504002": _CVD,  # ischaemic stroke
    "266257000": _CVD,  # transient ischaemic attack
    "399957001": _CVD,  # peripheral arterial occlusive disease
    "233985008": _CVD,  # abdominal aortic aneurysm
    "105502003": _DIALYSIS,  # dependence on renal dialysis
    "714152005": _DIALYSIS,  # chronic kidney disease stage 5 on dialysis
})  # fmt: skip

PROCEDURES_SNOMED: Mapping[str, Says] = MappingProxyType({
    "265764009": _DIALYSIS,  # renal dialysis
    "302497006": _DIALYSIS,  # haemodialysis
    "71192002": _DIALYSIS,  # peritoneal dialysis
    "232717009": _CVD,  # coronary artery bypass graft
    "415070008": _CVD,  # percutaneous coronary intervention
    "36969009": _CVD,  # insertion of a coronary stent
})  # fmt: skip

_LOWERS_PRESSURE: Says = {"on_bp_treatment": True}
_LOWERS_LIPIDS: Says = {"on_lipid_treatment": True}
_ASPIRIN: Says = {"on_aspirin": True}
DRUGS_ATC: Mapping[str, Says] = MappingProxyType({
    "C02": _LOWERS_PRESSURE,  # antihypertensives
    "C02K": {"on_bp_treatment": None},  # mostly for pulmonary hypertension
    "C03": _LOWERS_PRESSURE,  # diuretics
    "C07": _LOWERS_PRESSURE,  # beta blockers
    "C07FX02": {"on_bp_treatment": True, "on_aspirin": True},  # sotalol and acetylsalicylic acid
    "C07FX03": {"on_bp_treatment": True, "on_aspirin": True},  # metoprolol and acetylsalicylic acid
    "C07FX04": {"on_bp_treatment": True, "on_aspirin": True},  # bisoprolol and acetylsalicylic acid
    "C08": _LOWERS_PRESSURE,  # calcium channel blockers
    "C09": _LOWERS_PRESSURE,  # agents on the renin-angiotensin system
    "C10": _LOWERS_LIPIDS,  # lipid-modifying agents
    "C10BX": {"on_lipid_treatment": True, "on_bp_treatment": None, "on_aspirin": None},  # statins with other drugs
    "A10BH51": _LOWERS_LIPIDS,  # sitagliptin and simvastatin
    "A10BH52": _LOWERS_LIPIDS,  # gemigliptin and rosuvastatin
    "B01AC06": _ASPIRIN,  # acetylsalicylic acid
    "B01AC34": _ASPIRIN,  # with clopidogrel
    "B01AC36": _ASPIRIN,  # with dipyridamole
    "B01AC56": _ASPIRIN,  # with a proton pump inhibitor
    "B01AC86": _ASPIRIN,  # with esomeprazole
    "B01AC30": {"on_aspirin": None},  # combinations
    "N02BA": {"on_aspirin": None},  # salicylic acid and derivatives, for pain
})  # fmt: skip
"""Anatomical Therapeutic Chemical classification (WHO); the longest prefix counts."""

_PRESSURE_INGREDIENTS = (
    "1091643", "18867", "1998", "214354", "29046", "30131", "321064", "35208", "35296", "3827",  # ACE inhibitors
    "38454", "50166", "52175", "54552", "69749", "73494", "83515", "83818",  # and angiotensin receptor blockers
    "1202", "149", "1520", "19484", "20352", "31555", "6185", "6918", "7226", "7973", "8332", "8787",  # beta blockers
    "17767", "4316", "33910", "7396", "7417", "7435", "3443", "11170",  # calcium channel blockers
    "1369", "2409", "5487", "5764", "6916", "644", "1808", "298869", "4603", "9997", "38413", "10763",  # diuretics
    "2599", "40114", "6876", "49276", "8629", "5470", "325646",  # others
)  # fmt: skip
DRUGS_RXNORM: Mapping[str, Says] = MappingProxyType({
    **dict.fromkeys(_PRESSURE_INGREDIENTS, _LOWERS_PRESSURE),
    "6472": _LOWERS_LIPIDS,  # lovastatin
    "36567": _LOWERS_LIPIDS,  # simvastatin
    "41127": _LOWERS_LIPIDS,  # fluvastatin
    "42463": _LOWERS_LIPIDS,  # pravastatin
    "83367": _LOWERS_LIPIDS,  # atorvastatin
    "301542": _LOWERS_LIPIDS,  # rosuvastatin
    "861634": _LOWERS_LIPIDS,  # pitavastatin
    "341248": _LOWERS_LIPIDS,  # ezetimibe
    "1191": _ASPIRIN,  # aspirin
})  # fmt: skip
"""Ingredients only; codes of products (``atorvastatin 20 MG Oral Tablet``) are listed as unknown."""

FIRST_DEGREE = frozenset({
    "PRN", "FTH", "MTH", "NFTH", "NMTH", "NPRN", "SIB", "NSIB", "BRO", "NBRO", "SIS", "NSIS", "TWIN", "TWINBRO",
    "TWINSIS", "FTWIN", "ITWIN", "CHILD", "NCHILD", "SON", "SONC", "DAU", "DAUC",
})  # fmt: skip
"""Relatives whose heart attack counts, in HL7's code system of roles; adopted, half and step relatives do not."""
ROLES = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"

RACE_EXTENSION = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ETHNICITY_EXTENSION = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
HISPANIC = "2135-2"
CHINESE = "2034-7"
RACES: Mapping[str, Ethnicity] = MappingProxyType({
    "2106-3": "white",
    "2054-5": "black",
    "2028-9": "asian",
    "1002-5": "other",  # American Indian or Alaska Native
    "2076-8": "other",  # Native Hawaiian or Other Pacific Islander
    "2131-1": "other",
})  # fmt: skip
"""Categories of the US Office of Management and Budget."""

_PER_MINUTE = {"/min": "1", "1/min": "1"}
WEARABLES: tuple[Measure, ...] = (
    Measure(
        code="41950-7",
        variable="steps_per_day",
        units={"/d": "1", "1/d": "1", "/(24.h)": "1", "1/(24.h)": "1"},
        meaning="Steps in 24 hours.",
    ),
    Measure(code="40443-4", variable="resting_heart_rate_bpm", units=_PER_MINUTE, meaning="Heart rate at rest."),
    Measure(code="8867-4", variable="heart_rate_bpm", units=_PER_MINUTE, meaning="Heart rate."),
    Measure(code="93832-4", variable="sleep_hours", units={"h": "1", "min": "60"}, meaning="Duration of sleep."),
    Measure(code="80404-7", variable="hrv_sdnn_ms", units={"ms": "1"}, meaning="Standard deviation of beat intervals."),
)
"""Here `units` give by what a value is divided. Steps of an unspecified time (55423-8) are no measure of a day, and
the codes for maximal oxygen uptake are used for different quantities: both are left out."""
