"""Small words that show which of the languages in Latin letters a sentence is in.

Twelve words of a language hardly ever come without one of these, and the others do not have most of them: enough to
notice a sentence that was left as it was, without a model. Indonesian and Malay count as one language here.
"""

from __future__ import annotations

from functools import cache

_WORDS = {
    "en": "the of and to in is that for it as was with be by on not he his but are this have from or had an they "
    "which you were her she there would their we him been has when who will more if no out so said what up "
    "its about into than them can only other new some could these may then do any my now such like our over "
    "your me even most after also did many before must through where how should because each those both "
    "between own while without at all",
    "de": "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
    "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum kann haben nur oder aber "
    "vor zur bis mehr durch man sein wurde sei hatte unter wenn wir ich ihr ihre ihrer seine seiner diese "
    "dieser dieses keine kein sowie gegen vom beim alle können wurden sondern damit zwischen ohne soll muss "
    "denn ihm ihn ihnen jeder jede sehr was welche",
    "fr": "le la les de des du un une et à en dans que qui est pour sur par au aux avec ce cette ces il elle ils "
    "elles ne pas plus sont son sa ses se ou leur leurs mais comme nous vous tout tous toute toutes être "
    "avoir fait été ont lui dont entre sans sous après avant aussi même peut si où votre vos notre nos afin "
    "chaque lorsque ainsi très depuis vers était sera doit y d l qu n s c j m l’ d’ qu’",
    "es": "a el la los las de del y e en que un una por con para no se su sus al lo como más es o pero le ha son está "
    "fue ya entre cuando todo toda todos todas ser sin sobre también me hasta hay donde quien quienes desde "
    "nos durante uno ni contra otros otro otra otras ese esa eso esta este esto estos estas muy cada tiene "
    "puede si sea han había era unos unas dicho",
    "pt": "o a os as de do da dos das e em no na nos nas que um uma por com para não se seu sua seus suas ao aos à "
    "às como mais é ou mas foi são pelo pela pelos pelas tem ser está já entre quando todo toda todos todas "
    "sem sobre também até há onde quem desde durante este esta esse essa isso isto estes estas cada muito "
    "pode num numa você ele ela eles elas nem outro outra outros outras ter sido serão depois",
    "id": "yang dan di dari untuk dengan pada dalam ini itu tidak akan adalah oleh ke juga sebagai telah atau dapat "
    "karena lebih tersebut bahwa ada mereka kami kita anda para serta seperti saat setelah antara bisa hanya "
    "semua setiap harus agar jika secara kepada bagi hak orang tanpa maupun kata hari sudah belum masih "
    "sebuah suatu daripada boleh ialah beliau tak ia dia satu bila apabila hendaklah mana",
    "vi": "và của là có trong được cho các với không một những để người này đã khi từ về theo đến cũng ra vào tại "
    "như hoặc nhưng sẽ hay bạn nếu trên bị do thì mà phải đều mọi quyền năm sau trước việc nào bất cứ ai đó ở "
    "nhiều hơn rằng",
}
_DANGLING = {
    "en": "the an of and or our",
    "de": "und den dem des oder dass zur zum vom",
    "fr": "le les des du et de au aux que",
    "es": "el los las de del y en con por que al su sus",
    "pt": "de do da dos das e em com por que ao aos à às",
    "id": "yang dan di dari untuk dengan pada atau ke oleh",
    "vi": "và của các những với hoặc",
    "ru": "и в на с по из для от к или что",
    "ar": "في من على إلى عن التي الذي أن و",
    "ja": "を",
}
"""Words with which no sentence ends."""


@cache
def function_words(language: str) -> frozenset[str]:
    """The small words of a language; empty for one whose words we do not have."""
    short = language.split("-")[0]
    return frozenset(_WORDS.get("id" if short == "ms" else short, "").split())


@cache
def telling(source: str, target: str) -> frozenset[str]:
    """Small words of `source` that are none of `target`."""
    return function_words(source) - function_words(target)


@cache
def dangling(language: str) -> frozenset[str]:
    """Words with which no sentence of a language ends."""
    short = language.split("-")[0]
    return frozenset(_DANGLING.get("id" if short == "ms" else short, "").split())
