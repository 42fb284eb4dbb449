"""The commonest words of languages that share a script, and letters that only one of them has."""
# ruff: noqa: RUF001 - letters of other alphabets are meant

from collections.abc import Mapping
from typing import Final

COMMON_WORDS: Final[Mapping[str, str]] = {
    "en": """the of and to in is that for it as was with be by on not he his but at are this have
        from or had an they which one you were her all she there would their we him been has when
        who will no more if out so what up said its about than into them can only other how did do
        does where why whose many much during between after before because""",
    "de": """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch
        es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen
        so zum war haben nur oder aber vor zur bis mehr durch man sein wurde wer was wo wann warum
        welche welcher welches wie viele wurden gegen vom können ihre seine unter während""",
    "fr": """de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce
        il sont la avec son aux d'un cette ont ses mais comme on tout nous sa été fait être ou leur
        quel quelle quels quelles où quand combien comment pourquoi était ces après entre sans""",
    "es": """de la que el en y a los se del las un por con no una su para es al lo como más o pero
        sus le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había era
        muy años hasta desde está qué quién cuál cuáles cuándo dónde cuántos cómo cuánto durante""",
    "it": """di e il la che in un a per è una sono del non con si da le dei come i nel lo alla più
        ma al gli della anche delle ha o se su degli nella tra suo questo quando essere chi cosa
        quale quali dove perché quanti quanto era stato hanno dal dalla sono fu dopo qual""",
    "pt": """de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao
        ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso
        ela entre era depois sem mesmo aos qual quais quem onde quantos quanto são foram""",
    "nl": """de van het een en in is dat op te zijn met voor niet aan er om ook als dan bij maar uit
        of door over naar hij heeft werd wat deze nog wie worden tot kan hebben die ze geen meer
        waar wanneer hoeveel hoe welke waarom wordt was had zich tussen onder""",
    "sv": """och i att det som en på är av för med den till inte har de ett om var men från så vi
        kan när han hade nu eller efter sin vad under ut alla mycket man blev vara dess hur varför
        vilken vilket vilka vem hur många år mellan också sig över detta""",
    "da": """og i at det er en til af på for der med de som den har ikke et om fra var men kan så
        han sig efter ved også vi havde eller hvad hvor hvem hvornår hvorfor hvilken hvilke hvordan
        blev være når alle meget mellem under over år jeg""",
    "no": """og i det på som er en til å av for at med de den har ikke et om fra var men kan så han
        seg etter ved også vi hadde eller hva hvor hvem når hvorfor hvilken hvilke hvordan ble være
        alle mye mellom under over år jeg""",
    "fi": """ja on ei se että oli hän mutta joka ovat kun myös kuin niin tai jos sen mitä ole olla
        vain hänen ne tämä ollut jotka sekä kuka missä milloin miksi kuinka mikä mikään vuonna
        noin mukaan voi kanssa jälkeen ennen""",
    "ro": """de și în a la cu pe un o care că din nu este mai pentru sunt al au fost se ce prin sau
        ca dar după ale lui unde când cine cum cât câți care era fi despre între către acest
        această fiind până""",
    "hu": """a az és hogy nem is egy van ez csak meg volt de mint már vagy el ki mi még kell után
        mert amely ezt azt aki ha lehet hol mikor miért hogyan mennyi hány melyik milyen során
        között által""",
    "cs": """a se v na je že s z do o i to k ve pro za by ale jako po byl jsou který od jeho podle
        kde kdy kdo proč jak která které co také nebo až byla bylo byly při mezi může roce jaký
        kolik""",
    "sk": """a sa v na je že s z do o aj to k vo pre za by ale ako po bol sú ktorý od jeho podľa kde
        kedy kto prečo čo ktorá ktoré tiež alebo až bola bolo boli pri medzi môže roku aký koľko""",
    "pl": """i w na z do się nie to jest że o jak po co przez od za dla ale był są może być tym jego
        oraz które który która także lub gdzie kiedy kto dlaczego ile jaki jaka jakie czy było
        była tego przed między już ze""",
    "hr": """i u je na se da za s od su a o kao iz ne to bi koji što ili ali po će bio sam biti koja
        koje gdje kada tko zašto kako također godine bila bilo između prema""",
    "sl": """in je v na se da za s z od so ki kot iz ne to bi ali po bil biti tudi kje kdaj kdo
        zakaj kako leta bila bilo med pri lahko zelo kateri katera""",
    "tr": """ve bir bu da de için ile olarak çok en ne daha gibi olan kadar sonra ise ama o var mi
        değil göre her hangi nerede kim neden nasıl kaç zaman ilk iki tarafından olduğu""",
    "vi": """và của là có các được cho trong một không với những người đã này đó khi để về từ như
        tại vào ra năm bao nhiêu gì nào ai đâu thế sao cũng trên ở đến nhiều""",
    "id": """yang dan di dari untuk dengan pada ini itu dalam adalah tidak ke akan oleh juga atau
        sebagai karena ada telah mereka dapat bisa apa siapa mana kapan mengapa bagaimana berapa
        seperti saat setelah tersebut lebih""",
    "ca": """de la el i que en els a les un per una amb es del no al més és com ha va són seu pel
        aquest també o però on quan qui quin quina quins per què com quant entre fins dels""",
    "eu": """eta da zen ez bat izan ere du baina dira edo hau zuen dute egin urte nor zer non noiz
        zergatik nola zenbat baten beste arte ziren""",
    "ga": """agus an na i a ar is le go do ní bhí tá sé sí mar ach atá ag as ó cad cé cá conas
        nuair bhfuil raibh""",
    "lt": """ir yra iš kad į su buvo tai kaip bet ne jis jo apie per nuo iki kas kur kada kodėl kiek
        kuris kuri arba taip pat metais po prie""",
    "lv": """un ir ar no uz par kas bija kā lai bet ne viņš pēc arī tika vai kur kad kāpēc cik kurš
        kura gadā starp pie""",
    "et": """ja on ei et see oli kui ta mis ka aga või oma siis nii kes kus millal miks kuidas mitu
        pärast aastal ning""",
    "ru": """и в не на что я он с как это по но из у за то от к для о так же был бы было его или
        были который кто где когда почему сколько какой какая какие что чем при после до также
        она они этот года""",
    "uk": """і в не на що я він з як це по але із у за то від до для про так же був би було його або
        були який хто де коли чому скільки яка які чим при після також вона вони цей року є та""",
    "bg": """и в на не се да е за от че са с по като той но до това при или които който кой къде
        кога защо колко какво как след също тя те бил е са година между""",
    "sr": """и у је на се да за с од су а о као из не то би који што или али по ће био бити која
        које где када ко зашто како такође године била било између""",
    "ar": """في من على إلى أن التي عن مع هذا الذي هذه كان ما لا بين كل بعد قد ذلك أو هو هي كانت هل
        متى أين كم كيف لماذا ماذا منذ حيث تم""",
    "fa": """و در به از که این را با است برای آن یک تا بر هم می خود شد بود شده های کرد او چه چرا
        کجا چند کدام چگونه کسی یا نیز""",
    "ur": """کے میں کی ہے اور سے کا کو اس نے پر یہ ہیں کہ تھا ایک بھی وہ کر نہیں تھے جو کیا کب کہاں
        کون کیوں کتنے گیا""",
    "hi": """के में की है और से का को पर यह हैं कि था एक भी वह ने कर नहीं थे जो क्या कब कहाँ कौन
        क्यों कितने गया लिए इस किया हो""",
    "ne": """को मा र छ एक यो पनि भएको गर्न हो लागि थियो तथा भने छन् के कहिले कहाँ किन कति गरेको
        नेपाल लाई बाट ले""",
    "mr": """आहे आणि या व एक हे ते की होते होता आहेत मध्ये च्या साठी पण नाही काय कधी कुठे कोण किती
        त्या झाला""",
    "he": """של את על לא הוא היא זה עם כי גם אני או אל כל היה מה מי איפה מתי""",
    "yi": """און די דער איז אַז פֿון מיט דאָס צו אויף ניט האָט ער זיך אַ""",
}
LETTERS: Final[Mapping[str, str]] = {
    "ß": "de", "ñ": "es", "¿": "es", "ã": "pt", "õ": "pt", "œ": "fr", "ł": "pl", "ż": "pl",
    "ą": "pl", "ő": "hu", "ű": "hu", "ř": "cs", "ě": "cs", "ľ": "sk", "ğ": "tr", "ı": "tr",
    "ș": "ro", "ț": "ro", "ơ": "vi", "ư": "vi", "ạ": "vi", "ế": "vi", "ė": "lt", "ņ": "lv",
    "ŀ": "ca", "ы": "ru", "ї": "uk", "є": "uk", "ђ": "sr", "ј": "sr", "پ": "fa", "ژ": "fa",
    "ں": "ur", "ہ": "ur", "ے": "ur",
}  # fmt: skip
