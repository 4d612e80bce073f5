"""The words that the demo's outlets are named with, and the countries where they live.

A word in another script stands with its Latin form, for the outlet's id: `경제/gyeongje`. The beats of every language
stand in the same order: none, business, industry, tech, finance, energy.
"""

from __future__ import annotations

from dataclasses import dataclass

Word = tuple[str, str]
"""As it is written, and in Latin letters."""


@dataclass(frozen=True)
class Words:
    """What a newspaper's name is made of in one language."""

    pattern: str
    brands: tuple[Word, ...]
    nouns: tuple[Word, ...]
    beats: tuple[Word, ...]


@dataclass(frozen=True)
class Country:
    """Where outlets live; `weight` is roughly how many of 6,500."""

    code: str
    weight: int
    region: str
    _languages: tuple[tuple[str, float], ...]
    _places: tuple[Word, ...]

    @property
    def languages(self) -> dict[str, float]:
        """The languages of its outlets, with their shares."""
        return dict(self._languages)

    def places_in(self, language: str) -> list[Word]:
        """Its towns, as names in this language write them: the native form in the country's first language only."""
        native = language == self._languages[0][0]
        return [place if native else (place[1].title(), place[1]) for place in self._places]


def _split(text: str) -> tuple[Word, ...]:
    """`서울/seoul 부산/busan New_York -` → words; `-` is no word, `_` a space."""
    words = []
    for item in text.split():
        native, _, latin = ("" if item == "-" else item.replace("_", " ")).partition("/")
        words.append((native, latin or native))
    return tuple(words)


def _words(pattern: str, brands: str, nouns: str, beats: str) -> Words:
    return Words(pattern, _split(brands), _split(nouns), _split(beats))


WORDS = {
    "en": _words(
        "{brand} {beat} {noun}, {place}",
        "Harrowgate Larkfield Beaconsbury Tidewell Millstone Quillborne "
        "Fernbridge Oakhaven Saltmarsh Brightwater Kestrel Longacre",
        "Herald Courier Ledger Dispatch Gazette Observer Chronicle Monitor Bulletin Examiner",
        "- Business Industry Technology Finance Energy",
    ),
    "de": _words(
        "{brand}-{beat}{noun} {place}",
        "Lindenhof Ahrental Morgenstern Brückenkopf Steinfeld Silberbach "
        "Kranich Talblick Nordlicht Eichwald Weitblick Rotdorn",
        "Bote Kurier Anzeiger Blatt Rundschau Umschau Report Dienst Nachrichten Journal",
        "- Wirtschafts Industrie Technik Finanz Energie",
    ),
    "fr": _words(
        "{noun} {beat} {brand}, {place}",
        "Beauvallon Clairmont Hautefeuille Rivebelle Grandval Pierrefonte Lavandière Boisclair Montjoyeux Fontaurelle",
        "Courrier Journal Bulletin Messager Quotidien Observateur Moniteur Mensuel Portail Fil",
        "- économique industriel technologique financier énergétique",
    ),
    "es": _words(
        "{noun} {beat} {brand}, {place}",
        "Valdemar Rioclaro Peñalta Miraluz Campoviejo Torrealba Aguafría Montenuevo Solana Brisamar",
        "Diario Correo Heraldo Semanario Boletín Noticiero Mensajero Observador Informe Portal",
        "- Económico Industrial Tecnológico Financiero Energético",
    ),
    "pt": _words(
        "{noun} {beat} {brand}, {place}",
        "Valverde Ribeira_Clara Serralta Campo_Novo Pedralva Marazul Montalegro Fontelar Boavista_Norte Lumeira",
        "Diário Correio Jornal Boletim Mensageiro Observador Semanário Portal Noticiário Informe",
        "- Empresarial Industrial Digital Financeiro Energético",
    ),
    "ru": _words(
        "«{brand}»: {beat} {noun}, {place}",
        "Березник/bereznik Заречье/zarechye Маяк_плюс/mayak-plyus "
        "Светлояр/svetloyar Белогорка/belogorka Росток/rostok "
        "Полынь/polyn Ясень/yasen Туман/tuman Каменка/kamenka",
        "вестник/vestnik курьер/kuryer листок/listok "
        "обозреватель/obozrevatel бюллетень/byulleten журнал/zhurnal "
        "портал/portal дайджест/daydzhest",
        "- деловой/delovoy промышленный/promyshlenny "
        "технический/tekhnichesky финансовый/finansovy энергетический/energetichesky",
    ),
    "ar": _words(
        "{noun} {brand} {beat} – {place}",
        "السنديان/sindiyan النخيل/nakhil المرساة/mirsat الشراع/shiraa "
        "الينبوع/yanbu الغدير/ghadir الربوة/rabwa البيدر/baydar "
        "السفح/safh الواحة/waha",
        "صحيفة/sahifat جريدة/jaridat بوابة/bawwabat مجلة/majallat نشرة/nashrat شبكة/shabakat منصة/minassat",
        "- الاقتصادية/iqtisadiya الصناعية/sinaiya التقنية/tiqniya المالية/maliya للطاقة/lil-taqa",
    ),
    "ja": _words(
        "{place}{brand}{beat}{noun}",
        "あおば/aoba みなとの/minatono ひばり/hibari わかくさ/wakakusa "
        "しらかば/shirakaba たちばな/tachibana あさぎり/asagiri "
        "つばめ/tsubame こもれび/komorebi さざなみ/sazanami",
        "新報/shimpo 日報/nippo 通信/tsushin 時報/jiho ニュース/news レポート/report ジャーナル/journal タイムズ/times",
        "- 経済/keizai 産業/sangyo 技術/gijutsu 金融/kinyu エネルギー/energy",
    ),
    "ko": _words(
        "{place} {brand}{beat}{noun}",
        "한가람/hangaram 새벽별/saebyeokbyeol 푸른솔/pureunsol "
        "너른들/neoreundeul 가온누리/gaonnuri 해오름/haeoreum "
        "마루터/maruteo 물빛/mulbit 나래/narae 솔바람/solbaram",
        "신문/sinmun 일보/ilbo 뉴스/news 통신/tongsin 저널/journal 리포트/report 투데이/today 타임스/times",
        "- 경제/gyeongje 산업/saneop 기술/gisul 금융/geumyung 에너지/energy",
    ),
    "zh-Hans": _words(
        "{place}{brand}{beat}{noun}",
        "青禾/qinghe 望岳/wangyue 临川居/linchuanju 晨舟/chenzhou "
        "松涧/songjian 云汀/yunting 长桥/changqiao 听潮/tingchao "
        "知远/zhiyuan 白鹭/bailu",
        "日报/ribao 晚报/wanbao 周刊/zhoukan 时报/shibao 新闻网/xinwenwang 快讯/kuaixun 观察/guancha 导报/daobao",
        "- 商业/shangye 产业/chanye 科技/keji 财经/caijing 能源/nengyuan",
    ),
    "zh-Hant": _words(
        "{place}{brand}{beat}{noun}",
        "青禾/qinghe 望嶽/wangyue 晨舟/chenzhou 松澗/songjian "
        "雲汀/yunting 長橋/changqiao 聽潮/tingchao 知遠/zhiyuan "
        "白鷺/bailu 山嵐/shanlan",
        "日報/ribao 晚報/wanbao 週刊/zhoukan 時報/shibao 新聞網/xinwenwang 快訊/kuaixun 觀察/guancha 導報/daobao",
        "- 商業/shangye 產業/chanye 科技/keji 財經/caijing 能源/nengyuan",
    ),
    "vi": _words(
        "{noun} {beat} {brand}, {place}",
        "Sao_Khuê Bến_Nước Lá_Xanh Cánh_Buồm Trúc_Lâm_Mới Hương_Đồng Sóng_Biếc Đồi_Thông Nắng_Mai Cầu_Gỗ",
        "Báo Thời_báo Tạp_chí Bản_tin Nhật_báo Tuần_báo Cổng_tin Điểm_tin",
        "- Doanh_nghiệp Công_nghiệp Công_nghệ Tài_chính Năng_lượng",
    ),
    "th": _words(
        "{noun}{beat}{brand} {place}",
        "ต้นโพธิ์/tonpho รุ่งสาง/rungsang สายธาร/saithan ใบเตย/baitoei "
        "ดอกแก้ว/dokkaeo เรือใบ/rueabai ทุ่งทอง/thungthong "
        "ประภาคารใหม่/praphakhan ลมเหนือ/lomnuea ริมคลอง/rimkhlong",
        "หนังสือพิมพ์/nangsuephim ข่าว/khao วารสาร/warasan สำนักข่าว/samnakkhao นิตยสาร/nittayasan จดหมายข่าว/chotmaikhao",
        "- ธุรกิจ/thurakit อุตสาหกรรม/utsahakam เทคโนโลยี/theknoloyi การเงิน/kanngoen พลังงาน/phalangngan",
    ),
    "id": _words(
        "{noun} {beat} {brand}, {place}",
        "Cakrawala_Biru Rimba_Raya Pelita_Hati Tanjung_Emas "
        "Lintas_Bahari Mentari_Pagi Sawah_Lunto_Baru Jembatan_Kayu "
        "Lentera_Desa Angin_Timur",
        "Harian Warta Kabar Koran Majalah Suara Portal Buletin",
        "- Bisnis Industri Teknologi Keuangan Energi",
    ),
    "ms": _words(
        "{noun} {beat} {brand}, {place}",
        "Cahaya_Timur Bayu_Laut Seri_Melati Kota_Lama Pelita_Pagi "
        "Sinar_Desa Titian_Kayu Lembah_Hijau Ombak_Biru Kemuncak",
        "Harian Berita Warta Akhbar Majalah Suara Portal Buletin",
        "- Perniagaan Industri Teknologi Kewangan Tenaga",
    ),
}

_TABLE = """
US 560 north-america en Boston Denver Seattle Atlanta Chicago Austin
GB 300 uk-ireland en London Leeds Bristol Glasgow Cardiff
CA 150 north-america en:0.75,fr:0.25 Toronto Calgary Ottawa Montreal Quebec
AU 150 apac en Sydney Perth Hobart Adelaide
IE 40 uk-ireland en Dublin Cork Galway
NZ 40 apac en Auckland Dunedin Wellington
IN 230 apac en Mumbai Pune Chennai Jaipur Kochi
SG 70 asean en:0.8,zh-Hans:0.2 Singapore Jurong
PH 70 asean en Manila Cebu Davao
PK 35 apac en Karachi Lahore
BD 20 apac en Dhaka Sylhet
LK 15 apac en Colombo Kandy
NG 50 africa en Lagos Abuja Ibadan
KE 35 africa en Nairobi Mombasa
GH 20 africa en Accra Kumasi
ZA 65 africa en Durban Pretoria Cape_Town
TZ 10 africa en Arusha Dodoma
NL 70 benelux en Utrecht Rotterdam
SE 50 nordics en Malmö Uppsala
NO 40 nordics en Bergen Oslo
DK 40 nordics en Aarhus Odense
FI 35 nordics en Turku Helsinki
PL 55 cee en Gdynia Łódź
CZ 30 cee en Brno Prague
HU 20 cee en Budapest Szeged
RO 20 cee en Cluj Iași
BG 10 cee en Varna
HR 10 cee en Split
GR 20 cee en Patras Athens
TR 45 mena en Izmir Bursa
IL 25 mena en Haifa
UA 20 cee en Lviv Odesa
LT 8 cee en Kaunas
LV 8 cee en Riga
EE 8 cee en Tartu
KR 340 apac ko 서울/seoul 부산/busan 대전/daejeon 광주/gwangju 울산/ulsan
JP 470 apac ja 東京/tokyo 大阪/osaka 名古屋/nagoya 札幌/sapporo 福岡/fukuoka 仙台/sendai
CN 410 greater-china zh-Hans 北京/beijing 上海/shanghai 深圳/shenzhen 成都/chengdu 武汉/wuhan 杭州/hangzhou
TW 150 greater-china zh-Hant 臺北/taipei 高雄/kaohsiung 臺中/taichung
HK 130 greater-china zh-Hant:0.8,en:0.2 香港/hongkong 九龍/kowloon 新界/newterritories
MO 10 greater-china zh-Hant:0.8,pt:0.2 澳門/macau
VN 190 asean vi Hà_Nội Đà_Nẵng Huế Cần_Thơ Hải_Phòng
TH 180 asean th กรุงเทพ/bangkok เชียงใหม่/chiangmai ภูเก็ต/phuket ขอนแก่น/khonkaen
ID 230 asean id Jakarta Surabaya Bandung Medan Makassar
MY 140 asean ms:0.75,en:0.15,zh-Hans:0.1 Kuala_Lumpur Johor_Bahru Ipoh Kuching
BN 8 asean ms Bandar_Seri_Begawan
SA 80 mena ar الرياض/riyadh جدة/jeddah الدمام/dammam
AE 80 mena ar:0.6,en:0.4 دبي/dubai أبوظبي/abu-dhabi الشارقة/sharjah
EG 75 mena ar القاهرة/cairo الإسكندرية/alexandria أسوان/aswan
QA 22 mena ar الدوحة/doha
KW 20 mena ar الكويت/kuwait
BH 12 mena ar المنامة/manama
OM 12 mena ar مسقط/muscat
JO 20 mena ar عمّان/amman إربد/irbid
LB 20 mena ar:0.8,fr:0.2 بيروت/beirut طرابلس/tripoli
IQ 18 mena ar بغداد/baghdad البصرة/basra
MA 32 mena ar:0.6,fr:0.4 الرباط/rabat فاس/fez
DZ 20 mena ar:0.6,fr:0.4 وهران/oran الجزائر/algiers
TN 20 mena ar:0.6,fr:0.4 تونس/tunis صفاقس/sfax
DE 430 dach de Berlin Hamburg Köln München Leipzig Bremen
AT 90 dach de Wien Graz Linz Salzburg
CH 95 dach de:0.7,fr:0.3 Zürich Bern Basel Genf
LI 4 dach de Vaduz
LU 14 benelux de:0.5,fr:0.5 Luxemburg Esch
RU 130 cis ru Казань/kazan Омск/omsk Москва/moskva Тверь/tver
KZ 40 cis ru Алматы/almaty Астана/astana Караганда/karaganda
KG 10 cis ru Бишкек/bishkek
UZ 20 cis ru Ташкент/tashkent Самарканд/samarkand
AM 8 cis ru Ереван/yerevan
FR 270 francophone fr Lyon Nantes Lille Rennes Bordeaux
BE 55 benelux fr:0.6,en:0.3,de:0.1 Liège Namur Bruxelles
SN 14 africa fr Dakar Thiès
CI 14 africa fr Abidjan Bouaké
CM 10 africa fr Douala
MC 3 francophone fr Monaco
ES 200 iberia es Madrid Sevilla Bilbao Valencia
MX 130 latam es Puebla Monterrey Mérida
AR 85 latam es Rosario Córdoba Mendoza
CO 65 latam es Bogotá Cali
CL 50 latam es Valparaíso Santiago
PE 42 latam es Lima Arequipa
EC 20 latam es Quito Cuenca
UY 12 latam es Montevideo
CR 10 latam es San_José
PA 10 latam es Panamá
DO 12 latam es Santo_Domingo
GT 12 latam es Antigua
BR 220 latam pt Recife Curitiba São_Paulo Belém
PT 90 iberia pt Porto Lisboa Braga
AO 12 africa pt Luanda
"""


def _country(line: str) -> Country:
    code, weight, region, languages, places = line.split(maxsplit=4)
    shares = [(tag, float(share or 1)) for tag, _, share in (item.partition(":") for item in languages.split(","))]
    return Country(code, int(weight), region, tuple(shares), _split(places))


COUNTRIES = tuple(_country(line) for line in _TABLE.strip().splitlines())
