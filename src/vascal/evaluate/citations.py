"""Sources of the methods, numbered in the order in which a report names them."""

from __future__ import annotations

import re
from collections.abc import Sequence

SOURCES = {
    "lin1989": "Lin LI. A concordance correlation coefficient to evaluate reproducibility. Biometrics 1989;45:255-268. doi:10.2307/2532051",
    "efron1987": "Efron B. Better bootstrap confidence intervals. J Am Stat Assoc 1987;82:171-185. doi:10.1080/01621459.1987.10478410",
    "shrout1979": "Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater reliability. Psychol Bull 1979;86:420-428. doi:10.1037/0033-2909.86.2.420",
    "mcgraw1996": "McGraw KO, Wong SP. Forming inferences about some intraclass correlation coefficients. Psychol Methods 1996;1:30-46. doi:10.1037/1082-989X.1.1.30",
    "bland1999": "Bland JM, Altman DG. Measuring agreement in method comparison studies. Stat Methods Med Res 1999;8:135-160. doi:10.1177/096228029900800204",
    "carkeet2015": "Carkeet A. Exact parametric confidence intervals for Bland-Altman limits of agreement. Optom Vis Sci 2015;92:e71-e80. doi:10.1097/OPX.0000000000000513",
    "cohen1968": "Cohen J. Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial credit. Psychol Bull 1968;70:213-220. doi:10.1037/h0026256",
    "fleiss1969": "Fleiss JL, Cohen J, Everitt BS. Large sample standard errors of kappa and weighted kappa. Psychol Bull 1969;72:323-327. doi:10.1037/h0028106",
    "wilson1927": "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953",
    "delong1988": "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver operating characteristic curves. Biometrics 1988;44:837-845. doi:10.2307/2531595",
    "vickers2006": "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models. Med Decis Making 2006;26:565-574. doi:10.1177/0272989X06295361",
    "welch1951": "Welch BL. On the comparison of several mean values: an alternative approach. Biometrika 1951;38:330-336. doi:10.1093/biomet/38.3-4.330",
    "holm1979": "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70",
    "kaplan1958": "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc 1958;53:457-481. doi:10.1080/01621459.1958.10501452",
    "cox1972": "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220. doi:10.1111/j.2517-6161.1972.tb00899.x",
    "grambsch1994": "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on weighted residuals. Biometrika 1994;81:515-526. doi:10.1093/biomet/81.3.515",
    "fine1999": "Fine JP, Gray RJ. A proportional hazards model for the subdistribution of a competing risk. J Am Stat Assoc 1999;94:496-509. doi:10.1080/01621459.1999.10474144",
    "harrell1996": "Harrell FE, Lee KL, Mark DB. Multivariable prognostic models. Stat Med 1996;15:361-387. doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4",
    "uno2011": "Uno H, Cai T, Pencina MJ, D'Agostino RB, Wei LJ. On the C-statistics for evaluating overall adequacy of risk prediction procedures with censored survival data. Stat Med 2011;30:1105-1117. doi:10.1002/sim.4154",
    "vanderweele2017": "VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing the E-value. Ann Intern Med 2017;167:268-274. doi:10.7326/M16-2607",
    "pencina2008": "Pencina MJ, D'Agostino RB Sr, D'Agostino RB Jr, Vasan RS. Evaluating the added predictive ability of a new marker: from area under the ROC curve to reclassification and beyond. Stat Med 2008;27:157-172. doi:10.1002/sim.2929",
    "austin2009": "Austin PC. Balance diagnostics for comparing the distribution of baseline covariates between treatment groups in propensity-score matched samples. Stat Med 2009;28:3083-3107. doi:10.1002/sim.3697",
    "hartung2001": "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials with binary outcome. Stat Med 2001;20:3875-3889. doi:10.1002/sim.1009",
    "viechtbauer2005": "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects model. J Educ Behav Stat 2005;30:261-293. doi:10.3102/10769986030003261",
    "vancalster2016": "Van Calster B, Nieboer D, Vergouwe Y, De Cock B, Pencina MJ, Steyerberg EW. A calibration hierarchy for risk models was defined. J Clin Epidemiol 2016;74:167-176. doi:10.1016/j.jclinepi.2015.12.005",
    "chung2008": "Chung H, McClelland RL, Katz R, Carr JJ, Budoff MJ. Repeatability limits for measurement of coronary artery calcified plaque with cardiac CT in the Multi-Ethnic Study of Atherosclerosis. AJR 2008;190:W87-W92. doi:10.2214/AJR.07.2726",
}  # fmt: skip
"""Every source that a methods sentence may name as ``[key]``."""

_MARK = re.compile(r"\[([a-z]+\d{4})\]")


def number_citations(sentences: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Replace each ``[key]`` by its number, and list the sources in that order.

    What stands in brackets and is no key stays: a column or a set may be named so.

    Examples
    --------
    >>> text, sources = number_citations(["Kappa [cohen1968].", "Lin [lin1989], kappa [cohen1968]."])
    >>> text
    ('Kappa [1].', 'Lin [2], kappa [1].')
    >>> len(sources)
    2
    """
    order: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[1] not in SOURCES:
            return found[0]
        return f"[{order.setdefault(found[1], len(order) + 1)}]"

    numbered = tuple(_MARK.sub(number, sentence) for sentence in sentences)
    return numbered, tuple(SOURCES[key] for key in order)
