"""Ten sentences of a press release in all 15 languages, written for these tests, to spoil and to leave as they are.

`<1>` and `</1>` are the marks of an inline element, `{…}` is a protected name.
"""

# ruff: noqa: E501 - a sentence is easier to compare on one line
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

SENTENCES: dict[str, dict[str, str]] = {
    "date": {
        "en": "{Norvik Tidal} opened <1>its first floating power plant</1> off the coast of Portugal on March 5, 2026.",
        "ko": "{Norvik Tidal}은 2026년 3월 5일 포르투갈 앞바다에서 <1>첫 번째 부유식 발전소</1>의 문을 열었다.",
        "ja": "{Norvik Tidal}は2026年3月5日、ポルトガル沖で<1>同社初の浮体式発電所</1>を開設した。",
        "ar": "افتتحت {Norvik Tidal} في 5 مارس 2026 <1>أول محطة كهرباء عائمة لها</1> قبالة سواحل البرتغال.",
        "zh-Hans": "{Norvik Tidal}于2026年3月5日在葡萄牙近海启用了<1>公司首座浮动式发电站</1>。",
        "zh-Hant": "{Norvik Tidal}於2026年3月5日在葡萄牙外海啟用了<1>公司首座浮動式發電廠</1>。",
        "vi": "{Norvik Tidal} đã khánh thành <1>nhà máy điện nổi đầu tiên của mình</1> ngoài khơi Bồ Đào Nha vào ngày 5 tháng 3 "
        "năm 2026.",
        "th": "{Norvik Tidal} เปิด<1>โรงไฟฟ้าลอยน้ำแห่งแรกของบริษัท</1>นอกชายฝั่งโปรตุเกสเมื่อวันที่ 5 มีนาคม 2569",
        "id": "{Norvik Tidal} membuka <1>pembangkit listrik terapung pertamanya</1> di lepas pantai Portugal pada 5 Maret 2026.",
        "ms": "{Norvik Tidal} membuka <1>loji janakuasa terapung pertamanya</1> di luar pesisir Portugal pada 5 Mac 2026.",
        "de": "{Norvik Tidal} hat am 5. März 2026 <1>sein erstes schwimmendes Kraftwerk</1> vor der Küste Portugals eröffnet.",
        "ru": "{Norvik Tidal} открыла 5 марта 2026 года <1>свою первую плавучую электростанцию</1> у берегов Португалии.",
        "fr": "{Norvik Tidal} a inauguré le 5 mars 2026 <1>sa première centrale électrique flottante</1> au large du Portugal.",
        "es": "{Norvik Tidal} inauguró el 5 de marzo de 2026 <1>su primera central eléctrica flotante</1> frente a la costa de "
        "Portugal.",
        "pt": "A {Norvik Tidal} inaugurou em 5 de março de 2026 <1>a sua primeira usina flutuante</1> ao largo da costa de "
        "Portugal.",
    },
    "amount": {
        "en": "The plant cost €3.2 billion and supplies electricity to 1.2 million people.",
        "ko": "이 발전소에는 32억 유로가 들었으며 120만 명에게 전기를 공급한다.",
        "ja": "この発電所の建設費は32億ユーロで、120万人に電気を供給する。",
        "ar": "بلغت تكلفة المحطة 3.2 مليار يورو وهي تزود 1.2 مليون شخص بالكهرباء.",
        "zh-Hans": "该电站耗资32亿欧元，为120万人供电。",
        "zh-Hant": "該電廠耗資32億歐元，為120萬人供電。",
        "vi": "Nhà máy có chi phí 3,2 tỷ euro và cung cấp điện cho 1,2 triệu người.",
        "th": "โรงไฟฟ้านี้ใช้เงินลงทุน 3.2 พันล้านยูโรและจ่ายไฟฟ้าให้ประชาชน 1.2 ล้านคน",
        "id": "Pembangkit itu menelan biaya 3,2 miliar euro dan memasok listrik bagi 1,2 juta orang.",
        "ms": "Loji itu menelan belanja €3.2 bilion dan membekalkan elektrik kepada 1.2 juta orang.",
        "de": "Das Kraftwerk hat 3,2 Milliarden Euro gekostet und versorgt 1,2 Millionen Menschen mit Strom.",
        "ru": "Электростанция стоила 3,2 млрд евро и снабжает электричеством 1,2 миллиона человек.",
        "fr": "La centrale a coûté 3,2 milliards d’euros et fournit de l’électricité à 1,2 million de personnes.",
        "es": "La central costó 3200 millones de euros y suministra electricidad a 1,2 millones de personas.",
        "pt": "A usina custou 3,2 bilhões de euros e fornece eletricidade a 1,2 milhão de pessoas.",
    },
    "percent": {
        "en": "Revenue rose 12.5% to $45.6 million in the third quarter.",
        "ko": "3분기 매출은 12.5% 증가한 4,560만 달러를 기록했다.",
        "ja": "第3四半期の売上高は12.5％増の4,560万ドルとなった。",
        "ar": "ارتفعت الإيرادات بنسبة 12.5 في المئة إلى 45.6 مليون دولار في الربع الثالث.",
        "zh-Hans": "第三季度收入增长百分之12.5，达到4560万美元。",
        "zh-Hant": "第三季營收成長12.5%，達到4,560萬美元。",
        "vi": "Doanh thu tăng 12,5 phần trăm lên 45,6 triệu đô la trong quý ba.",
        "th": "รายได้เพิ่มขึ้นร้อยละ 12.5 เป็น 45.6 ล้านดอลลาร์ในไตรมาสที่สาม",
        "id": "Pendapatan naik 12,5 persen menjadi 45,6 juta dolar pada kuartal ketiga.",
        "ms": "Hasil meningkat 12.5 peratus kepada $45.6 juta pada suku ketiga.",
        "de": "Der Umsatz stieg im 3. Quartal um 12,5 Prozent auf 45,6 Mio. Dollar.",
        "ru": "В третьем квартале выручка выросла на 12,5 % и составила 45,6 млн долларов.",
        "fr": "Le chiffre d’affaires a progressé de 12,5 % au troisième trimestre pour atteindre 45,6 M$.",
        "es": "Los ingresos subieron un 12,5 % hasta los 45,6 millones de dólares en el tercer trimestre.",
        "pt": "A receita subiu 12,5% no terceiro trimestre, para US$ 45,6 milhões.",
    },
    "quotation": {
        "en": "“We are proud of what our engineers have achieved,” said <1>{Ingrid Solheim}</1>, chief executive of "
        "{Norvik Tidal}.",
        "ko": "{Norvik Tidal}의 최고경영자 <1>{Ingrid Solheim}</1>은 “우리 기술자들이 이룬 성과가 자랑스럽다”고 말했다.",
        "ja": "{Norvik Tidal}の最高経営責任者である<1>{Ingrid Solheim}</1>は「技術者たちが成し遂げたことを誇りに思う」と述べた。",
        "ar": "وقالت <1>{Ingrid Solheim}</1>، الرئيسة التنفيذية لشركة {Norvik Tidal}: «نحن فخورون بما حققه مهندسونا».",
        "zh-Hans": "{Norvik Tidal}首席执行官<1>{Ingrid Solheim}</1>表示：“我们为工程师们取得的成就感到自豪。”",
        "zh-Hant": "{Norvik Tidal}執行長<1>{Ingrid Solheim}</1>表示：「我們為工程師們取得的成就感到自豪。」",
        "vi": "“Chúng tôi tự hào về những gì các kỹ sư của mình đã đạt được,” <1>{Ingrid Solheim}</1>, giám đốc điều hành của "
        "{Norvik Tidal}, cho biết.",
        "th": "<1>{Ingrid Solheim}</1> ประธานเจ้าหน้าที่บริหารของ {Norvik Tidal} กล่าวว่า “เราภูมิใจในสิ่งที่วิศวกรของเราทำสำเร็จ”",
        "id": "“Kami bangga atas apa yang telah dicapai para insinyur kami,” kata <1>{Ingrid Solheim}</1>, direktur utama "
        "{Norvik Tidal}.",
        "ms": "“Kami berbangga dengan apa yang telah dicapai oleh jurutera kami,” kata <1>{Ingrid Solheim}</1>, ketua eksekutif "
        "{Norvik Tidal}.",
        "de": "„Wir sind stolz auf das, was unsere Ingenieure erreicht haben“, sagte <1>{Ingrid Solheim}</1>, die "
        "Vorstandsvorsitzende von {Norvik Tidal}.",
        "ru": "«Мы гордимся тем, чего добились наши инженеры», — сказала <1>{Ingrid Solheim}</1>, генеральный директор "
        "{Norvik Tidal}.",
        "fr": "« Nous sommes fiers de ce que nos ingénieurs ont accompli », a déclaré <1>{Ingrid Solheim}</1>, directrice "
        "générale de {Norvik Tidal}.",
        "es": "“Estamos orgullosos de lo que han logrado nuestros ingenieros”, dijo <1>{Ingrid Solheim}</1>, directora ejecutiva "
        "de {Norvik Tidal}.",
        "pt": "“Temos orgulho do que os nossos engenheiros alcançaram”, disse <1>{Ingrid Solheim}</1>, presidente da "
        "{Norvik Tidal}.",
    },
    "deadline": {
        "en": "The company will hire 250 people for its new office in Lisbon by December 31, 2027.",
        "ko": "회사는 2027년 12월 31일까지 리스본의 새 사무소에 250명을 채용할 예정이다.",
        "ja": "同社は2027年12月31日までに、リスボンの新しい事務所で250人を採用する予定だ。",
        "ar": "ستوظف الشركة 250 شخصا في مكتبها الجديد في لشبونة بحلول 31 ديسمبر 2027.",
        "zh-Hans": "公司将在2027年12月31日之前为其里斯本新办事处招聘250人。",
        "zh-Hant": "公司將於2027年12月31日前為其里斯本新辦公室招聘250人。",
        "vi": "Công ty sẽ tuyển 250 người cho văn phòng mới ở Lisbon trước ngày 31 tháng 12 năm 2027.",
        "th": "บริษัทจะจ้างพนักงาน 250 คนสำหรับสำนักงานแห่งใหม่ในลิสบอนภายในวันที่ 31 ธันวาคม 2570",
        "id": "Perusahaan akan merekrut 250 orang untuk kantor barunya di Lisbon paling lambat 31 Desember 2027.",
        "ms": "Syarikat akan mengambil 250 orang untuk pejabat baharunya di Lisbon menjelang 31 Disember 2027.",
        "de": "Bis zum 31. Dezember 2027 will das Unternehmen 250 Menschen für sein neues Büro in Lissabon einstellen.",
        "ru": "До 31 декабря 2027 года компания наймёт 250 человек для своего нового офиса в Лиссабоне.",
        "fr": "L’entreprise recrutera 250 personnes pour son nouveau bureau de Lisbonne d’ici au 31 décembre 2027.",
        "es": "La empresa contratará a 250 personas para su nueva oficina en Lisboa antes del 31 de diciembre de 2027.",
        "pt": "A empresa vai contratar 250 pessoas para o seu novo escritório em Lisboa até 31 de dezembro de 2027.",
    },
    "words": {
        "en": "More than three million households could be supplied in this way by the year 2030.",
        "ko": "2030년까지 이러한 방식으로 300만 가구 이상에 전기를 공급할 수 있을 것이다.",
        "ja": "2030年までに、この方法で300万を超える世帯に電気を供給できる見込みだ。",
        "ar": "يمكن بهذه الطريقة تزويد أكثر من ثلاثة ملايين أسرة بالكهرباء بحلول عام 2030.",
        "zh-Hans": "到2030年，超过三百万户家庭有望以这种方式获得供电。",
        "zh-Hant": "到2030年，超過三百萬戶家庭可望以這種方式獲得供電。",
        "vi": "Đến năm 2030, hơn ba triệu hộ gia đình có thể được cung cấp điện theo cách này.",
        "th": "ภายในปี 2573 ครัวเรือนกว่าสามล้านครัวเรือนอาจได้รับไฟฟ้าด้วยวิธีนี้",
        "id": "Dengan cara ini lebih dari tiga juta rumah tangga dapat dipasok listrik pada tahun 2030.",
        "ms": "Lebih daripada tiga juta isi rumah boleh dibekalkan dengan cara ini menjelang tahun 2030.",
        "de": "Auf diese Weise könnten bis zum Jahr 2030 mehr als drei Millionen Haushalte versorgt werden.",
        "ru": "К 2030 году таким образом можно будет снабжать более трёх миллионов домохозяйств.",
        "fr": "Plus de trois millions de foyers pourraient être alimentés de cette manière d’ici à 2030.",
        "es": "Más de tres millones de hogares podrían abastecerse de este modo en el año 2030.",
        "pt": "Mais de três milhões de domicílios poderiam ser abastecidos desta forma até o ano de 2030.",
    },
    "address": {
        "en": "Write to press@norvik.example or read the report at https://norvik.example/report before May 20.",
        "ko": "5월 20일 전에 press@norvik.example로 문의하거나 https://norvik.example/report 에서 보고서를 읽어 보십시오.",
        "ja": "5月20日までに press@norvik.example にご連絡いただくか、https://norvik.example/report の報告書をお読みください。",
        "ar": "اكتبوا إلى press@norvik.example أو اقرؤوا التقرير على https://norvik.example/report قبل 20 مايو.",
        "zh-Hans": "请在5月20日前致函 press@norvik.example 或在 https://norvik.example/report 阅读报告。",
        "zh-Hant": "請在5月20日前致函 press@norvik.example 或於 https://norvik.example/report 閱讀報告。",
        "vi": "Hãy viết thư đến press@norvik.example hoặc đọc báo cáo tại https://norvik.example/report trước ngày 20 tháng 5.",
        "th": "โปรดเขียนถึง press@norvik.example หรืออ่านรายงานได้ที่ https://norvik.example/report ก่อนวันที่ 20 พฤษภาคม",
        "id": "Tulislah ke press@norvik.example atau baca laporannya di https://norvik.example/report sebelum 20 Mei.",
        "ms": "Tulis kepada press@norvik.example atau baca laporan itu di https://norvik.example/report sebelum 20 Mei.",
        "de": "Schreiben Sie bis zum 20. Mai an press@norvik.example oder lesen Sie den Bericht unter "
        "https://norvik.example/report nach.",
        "ru": "До 20 мая пишите на press@norvik.example или читайте отчёт на https://norvik.example/report в интернете.",
        "fr": "Écrivez à press@norvik.example ou lisez le rapport sur https://norvik.example/report avant le 20 mai.",
        "es": "Escriba a press@norvik.example o lea el informe en https://norvik.example/report antes del 20 de mayo.",
        "pt": "Escreva para press@norvik.example ou leia o relatório em https://norvik.example/report antes de 20 de maio.",
    },
    "pair": {
        "en": "After the announcement the price of one share fell from 148 to 131 kroner within hours.",
        "ko": "발표 이후 주가는 몇 시간 만에 148크로네에서 131크로네로 떨어졌다.",
        "ja": "発表後、株価は数時間のうちに148クローネから131クローネに下落した。",
        "ar": "بعد الإعلان انخفض سعر السهم من 148 إلى 131 كرونة في غضون ساعات.",
        "zh-Hans": "消息公布后，股价在数小时内从148克朗跌至131克朗。",
        "zh-Hant": "消息公布後，股價在數小時內從148克朗跌至131克朗。",
        "vi": "Sau thông báo, giá cổ phiếu đã giảm từ 148 xuống 131 krone chỉ trong vài giờ.",
        "th": "หลังการประกาศ ราคาหุ้นลดลงจาก 148 เป็น 131 โครนภายในไม่กี่ชั่วโมง",
        "id": "Setelah pengumuman itu, harga saham turun dari 148 menjadi 131 krone dalam hitungan jam.",
        "ms": "Selepas pengumuman itu, harga saham jatuh daripada 148 kepada 131 krone dalam beberapa jam.",
        "de": "Nach der Ankündigung fiel der Kurs der Aktie binnen Stunden von 148 auf 131 Kronen.",
        "ru": "После этого объявления цена акции за несколько часов упала со 148 до 131 кроны.",
        "fr": "Après l’annonce, le cours de l’action est passé en quelques heures de 148 à 131 couronnes.",
        "es": "Tras el anuncio, el precio de la acción cayó en pocas horas de 148 a 131 coronas.",
        "pt": "Após o anúncio, o preço da ação caiu em poucas horas de 148 para 131 coroas.",
    },
    "plain": {
        "en": "The new turbines turn more slowly than earlier models, and therefore they are quieter and last longer.",
        "ko": "새로운 터빈은 이전 모델보다 천천히 회전하므로 더 조용하고 수명도 더 길다.",
        "ja": "新しいタービンは従来の機種よりもゆっくり回転するため、音が静かで寿命も長い。",
        "ar": "تدور التوربينات الجديدة بسرعة أبطأ من الطرازات السابقة، ولذلك فهي أكثر هدوءا وتدوم لفترة أطول.",
        "zh-Hans": "新型涡轮机的转速比以前的型号慢，因此更安静，使用寿命也更长。",
        "zh-Hant": "新型渦輪機的轉速比以前的型號慢，因此更安靜，使用壽命也更長。",
        "vi": "Các tua-bin mới quay chậm hơn so với những mẫu trước đây, vì thế chúng êm hơn và bền hơn.",
        "th": "กังหันรุ่นใหม่หมุนช้ากว่ารุ่นก่อน ๆ จึงเงียบกว่าและมีอายุการใช้งานยาวนานกว่า",
        "id": "Turbin yang baru berputar lebih lambat daripada model sebelumnya, karena itu lebih senyap dan lebih tahan lama.",
        "ms": "Turbin baharu itu berputar lebih perlahan daripada model terdahulu, maka ia lebih senyap dan lebih tahan lama.",
        "de": "Die neuen Turbinen drehen sich langsamer als frühere Modelle und sind deshalb leiser und haltbarer.",
        "ru": "Новые турбины вращаются медленнее прежних моделей, поэтому они работают тише и служат дольше.",
        "fr": "Les nouvelles turbines tournent plus lentement que les anciens modèles ; elles sont donc plus silencieuses et "
        "plus durables.",
        "es": "Las nuevas turbinas giran más despacio que los modelos anteriores y por eso son más silenciosas y duran más.",
        "pt": "As novas turbinas giram mais devagar do que os modelos anteriores e por isso são mais silenciosas e duram mais.",
    },
    "question": {
        "en": "What does this mean for the fishermen and for the people who live on the coast?",
        "ko": "이것은 어민들과 해안에 사는 사람들에게 무엇을 의미하는가?",
        "ja": "これは漁師や沿岸に住む人々にとって何を意味するのだろうか？",
        "ar": "ماذا يعني ذلك بالنسبة للصيادين ولمن يعيشون على الساحل؟",
        "zh-Hans": "这对渔民和生活在沿海的人们来说意味着什么？",
        "zh-Hant": "這對漁民和生活在沿海的人們來說意味著什麼？",
        "vi": "Điều này có ý nghĩa gì đối với ngư dân và những người sống ở ven biển?",
        "th": "สิ่งนี้มีความหมายอย่างไรต่อชาวประมงและผู้คนที่อาศัยอยู่ตามชายฝั่ง",
        "id": "Apa artinya hal ini bagi para nelayan dan bagi orang-orang yang tinggal di pesisir?",
        "ms": "Apakah makna perkara ini kepada para nelayan dan kepada penduduk yang tinggal di pesisir pantai?",
        "de": "Was bedeutet das für die Fischer und für die Menschen, die an der Küste leben?",
        "ru": "Что это означает для рыбаков и для людей, которые живут на побережье?",
        "fr": "Qu’est-ce que cela signifie pour les pêcheurs et pour les habitants de la côte ?",
        "es": "¿Qué significa esto para los pescadores y para la gente que vive en la costa?",
        "pt": "O que isso significa para os pescadores e para as pessoas que vivem no litoral?",
    },
}
LANGUAGES = tuple(SENTENCES["date"])


@cache
def unit(sentence: str, language: str) -> Text:
    """A sentence as the room sees it."""
    return joined(_pieces(SENTENCES[sentence][language]))


def _pieces(marked: str) -> Iterator[Piece]:
    for part in re.split(r"(</?1>|\{[^}]+\})", marked):
        if part.startswith("{"):
            yield Opaque(hash_of(part), part[1:-1], kind="name")
        else:
            yield Open(1) if part == "<1>" else Close(1) if part == "</1>" else part


def hash_of(name: str) -> int:
    """A number for a name, the same in every run."""
    return 10 + sum(map(ord, name)) % 1000


PAIRS = [(source, target) for source in LANGUAGES for target in LANGUAGES if source != target]
"""Every direction."""
