"""Words of questions that tell no topic: English, German, French, Spanish; without accents."""

from typing import Final

WORDS_WITHOUT_TOPIC: Final = """
a about an and are as at be been but by can could did do does for from had has have how i if in is
it its may me might must my of on or our please shall should so tell that the their them there these
they this to was we were what when where which who why will with would you your
aber als am an auf aus bei bin bis das dass dem den der des die du ein eine einem einen einer er es
fur gibt haben hat ich ihr im in ist kann man mein mit nach nicht oder sie sind soll uber um und uns
von vor wann war warum was wer werden wie wir wird wo zu zum zur
au aux avec ce ces comment dans de du elle en est et il je la le les leur mon nous ou par pas pour
pourquoi quand que quel quelle qui sont sur tu un une vous
al como con cual cuando de del donde el ella en es esta la las lo los no para por que quien se son
su sus un una y yo
"""
