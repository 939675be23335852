# Copyright 2017 ClinRisk Ltd. Part of vascal-qrisk3, made from QRISK3-2017 (https://qrisk.org) under the GNU Lesser
# General Public License, version 3 or later, with additional terms: see disclaimer.py, COPYING.LESSER and COPYING.
"""QRISK3-2017 for women."""

from types import MappingProxyType

from vascal_qrisk3.equation import Qrisk3Equation

WOMEN = Qrisk3Equation(
    survival=0.988876402378082,
    age_powers=(-2, 1),
    age_centres=(0.053274843841791, 4.332503318786621),
    age_effects=(-8.1388109247726188, 0.79733376689699098),
    centres=MappingProxyType(
        {
            "bmi_1": 0.154946178197861,
            "bmi_2": 0.144462317228317,
            "cholesterol_ratio": 3.476326465606690,
            "systolic_mmhg": 123.130012512207030,
            "systolic_sd_mmhg": 9.002537727355957,
            "townsend": 0.392308831214905,
        }
    ),
    effects=MappingProxyType(
        {
            "ethnicity:indian": (0.28040314332995425, 0.0, 0.0),
            "ethnicity:pakistani": (0.56298994142075398, 0.0, 0.0),
            "ethnicity:bangladeshi": (0.29590000851116516, 0.0, 0.0),
            "ethnicity:other-asian": (0.072785379877982545, 0.0, 0.0),
            "ethnicity:black-caribbean": (-0.17072135508857317, 0.0, 0.0),
            "ethnicity:black-african": (-0.39371043314874971, 0.0, 0.0),
            "ethnicity:chinese": (-0.32632495283530272, 0.0, 0.0),
            "ethnicity:other": (-0.17127056883241784, 0.0, 0.0),
            "smoking:ex": (0.13386833786546262, -4.7057161785851891, -0.075589244643193026),
            "smoking:light": (0.56200858012438537, -2.7430383403573337, -0.11951192874867074),
            "smoking:moderate": (0.66749593377502547, -0.86608088829392182, -0.10366306397571923),
            "smoking:heavy": (0.84948177644830847, 0.90241562369710648, -0.13991853591718389),
            "bmi_1": (0.29236092275460052, 23.802623412141742, 0.52369958933664429),
            "bmi_2": (-4.1513300213837665, -71.184947692087007, 0.045744190122323759),
            "cholesterol_ratio": (0.15338035820802554, 0.0, 0.0),
            "systolic_mmhg": (0.013131488407103424, 0.034131842338615485, -0.0015082501423272358),
            "systolic_sd_mmhg": (0.0078894541014586095, 0.0, 0.0),
            "townsend": (0.077223790588590108, -1.0301180802035639, -0.031593414674962329),
            "has_atrial_fibrillation": (1.5923354969269663, 19.938034889546561, -0.076182651011162505),
            "on_atypical_antipsychotics": (0.25237642070115557, 0.0, 0.0),
            "on_corticosteroids": (0.59520725304601851, -0.98408045235936281, -0.12005364946742472),
            "has_migraine": (0.301267260870345, 1.7634979587872999, -0.065586917898699859),
            "has_rheumatoid_arthritis": (0.21364803435181942, 0.0, 0.0),
            "has_chronic_kidney_disease": (0.65194569493845833, -3.5874047731694114, -0.22688873086442507),
            "has_severe_mental_illness": (0.12555308058820178, 0.0, 0.0),
            "has_lupus": (0.75880938654267693, 19.690303738638292, 0.077347949679016273),
            "has_treated_hypertension": (0.50931593683423004, 11.872809733921812, 0.00096857823588174436),
            "diabetes:type1": (1.7267977510537347, -1.2444332714320747, -0.28724064624488949),
            "diabetes:type2": (1.0688773244615468, 6.8652342000009599, -0.097112252590695489),
            "has_family_history": (0.45445319020896213, 0.99467807940435127, -0.076885051698423038),
        }
    ),
)
