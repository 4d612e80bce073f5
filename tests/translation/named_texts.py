"""Short press releases of many kinds in which every name is marked, written for these tests.

`[[…]]` is a name that must pass an engine unchanged. `<<…>>` may be kept or translated: people do both. All else is text
that has a translation: titles, offices, genitives, topics, headings, institutions and places.
"""

# ruff: noqa: E501 - one paragraph stands on one line
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NamedText:
    """One release with its names marked."""

    kind: str
    issuer: str | None
    lines: str
    language: str = "en"
    protect: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()


TEXTS = (
    NamedText(
        "appointment",
        "Northgate Systems plc",
        """\
[[Northgate]] Names [[Adaeze Okafor]] Chief Operating Officer and Strengthens Its Leadership Team
[[Northgate Systems plc]] (“[[Northgate]]” or the “Company”) today announced that [[Adaeze Okafor]] has been appointed Chief Operating Officer, effective January 4, 2027.
[[Okafor]] joins from [[Meridian Foods]], where she was Senior Vice President, Global Supply Chain. Ms. [[Okafor]] succeeds Interim Chief Operating Officer [[Paul Brennan]], who becomes Chair of the Audit Committee.
“[[Northgate]]’s customers expect more of us every year,” said [[Northgate]] Chief Executive Officer [[Henrik Lund]]. “[[Adaeze]] knows how to deliver.”
President and Chief Financial Officer [[Maria da Costa]], Head of Oncology [[Samuel Reyes]] and Chief Technology Officer Dr. [[Lena O’Brien]] report to Mr. [[Lund]].
The Board of Directors thanked [[Brennan]] for his service. [[O’Brien]]’s team stays in Galway.
About [[Northgate Systems]]
Media Contact""",
    ),
    NamedText(
        "results",
        "Harbour Light Energy Ltd",
        """\
[[Harbour Light Energy]] Reports Record Third Quarter Results and Raises Full Year Guidance
[[Harbour Light]] said on Thursday that Adjusted EBIT¹ rose to £41 million and Free Cash Flow to £12 million in the Third Quarter. Net Debt fell.
“[[Harbour Light]] has never sold so much wind,” said [[Fiona MacLeod]], Chief Executive. [[Harbour Light]]’s Order Book stands at £2 billion, and Earnings Per Share were 14 pence.
The Annual General Meeting of [[Harbour Light Energy Ltd]] will be held at the Royal Institution in London. Ordinary Shares trade on the London Stock Exchange.
Adjusted EBITDA and Organic Growth are no measures under International Financial Reporting Standards. [[Whitcombe Capital Partners]] owns 12 percent.
Key Figures
Operating Profit
Adjusted EBIT¹
Revenue by Region
Financial Calendar""",
    ),
    NamedText(
        "pharma",
        "Calveron Therapeutics Inc.",
        """\
[[Calveron Therapeutics]] Presents Phase 3 Data at the American Headache Society’s Annual Headache Meeting
[[Calveron Therapeutics Inc.]] presented new results of its Phase 3 trial at the Annual Headache Meeting in Denver. Migraine days fell by half among patients who took [[MigraSure]].
“The Food and Drug Administration has granted Breakthrough Therapy Designation,” said [[Priya Venkataraman]], M.D., Chief Medical Officer of [[Calveron]]. Serious Adverse Events were rare.
Professor [[Jean-Luc Moreau]] of the University of Lyon led the study with [[Dr. Reddy’s|Sanjay Reddy]]. [[Moreau]] is the Principal Investigator; [[Calveron]]’s partner is [[Bexley Biologics GmbH]].
The European Medicines Agency is expected to decide in the First Half of 2027. Patients should read the Important Safety Information and the Prescribing Information.
Important Safety Information
About [[MigraSure]]""".replace("[[Dr. Reddy’s|Sanjay Reddy]]", "[[Sanjay Reddy]]"),
    ),
    NamedText(
        "technology",
        "Quillon Software, Inc.",
        """\
[[Quillon]] Launches Cloud Platform for Small Businesses, Powered by Artificial Intelligence
[[Quillon Software, Inc.]], a maker of Customer Relationship Management software, today launched [[QuillonFlow 7]], its first Software as a Service product with Generative AI.
“Data Protection is built in,” said [[Tomoko Hayashi]], Vice President of Product at [[Quillon]]. “With [[QuillonFlow]] our customers save a day a week.” The service runs on [[Amberline Web Hosting]] and [[OpenShelf]].
Chief Information Security Officers asked for Single Sign-On, [[Hayashi]] added. According to [[Gridmark Research]], the Total Addressable Market (TAM) is $4 billion.
The new Application Programming Interface (API) follows the General Data Protection Regulation. The Internet of Things is next.
How It Works
System Requirements""",
    ),
    NamedText(
        "energy",
        "Norwegian Tidal Power ASA",
        """\
[[Norwegian Tidal Power]] and [[Kessler Offshore]] sign a contract for six turbines in the North Sea
[[Norwegian Tidal Power ASA]] ([[NTP]]) has signed a Power Purchase Agreement with [[Kessler Offshore]], the companies said on Monday. [[NTP]] will deliver six turbines.
The Ministry of Petroleum and Energy welcomed the contract. “The North Sea is our home,” said [[Bjørn Ødegård]], the managing director. Mr. [[Ødegård]] spoke in Stavanger.
[[Kessler]] expects First Power in 2028. The Front End Engineering and Design study was made by [[Aker Brandt]]. The European Commission and the Norwegian Water Resources and Energy Directorate have agreed.
Final Investment Decision in 2027
Carbon Capture and Storage""",
    ),
    NamedText(
        "sport",
        "Ridgemoor Athletic Club",
        """\
[[Ridgemoor Athletic]] Sign Striker [[Leandro Batista]] on a Three-Year Contract
[[Ridgemoor Athletic]] have signed the Brazilian striker [[Leandro Batista]] from [[Porto Verde]], the Premier League club said on Friday. [[Batista]], 24, will wear the number nine.
Head Coach [[Gareth Pugh]] said the Champions League was the aim. “[[Leandro]] scores with both feet,” [[Pugh]] said. The Football Association has confirmed the transfer.
The match against [[Hallam Rovers]] will be played at the National Stadium on Boxing Day. Season Ticket holders pay nothing.
[[Ridgemoor]]’s Community Trust will sell shirts. Sporting Director [[Anna Wiśniewska]] and Club Captain [[Tom Ashby]] were there.""",
    ),
    NamedText(
        "acquisition",
        "Vantorre Group",
        """\
[[Vantorre]] to Acquire [[Pellham Bakeries]] for $310 Million in an All-Cash Transaction
[[Vantorre Group]] has entered into a Definitive Agreement to acquire [[Pellham Bakeries]], a family business in Ohio. The Transaction is subject to Customary Closing Conditions.
“[[Pellham]] is bread as it should be,” said [[Isabelle Vantorre]], Chairwoman and Chief Executive Officer. [[Goldwyn & Marsh LLP]] acts as Legal Adviser, and [[Stratton Hale]] as Financial Adviser.
The Boards of Directors of both companies have approved the Merger Agreement. The Hart-Scott-Rodino Act sets a waiting period. [[Pellham]]’s founder [[Walter Pellham]] stays on the Advisory Board.
Forward-Looking Statements
Conference Call and Webcast""".replace("The Hart-Scott-Rodino Act", "The <<Hart-Scott-Rodino>> Act"),
    ),
    NamedText(
        "charity",
        "Lantern Trust",
        """\
[[Lantern Trust]] Opens a School for 300 Children in Kisumu
The [[Lantern Trust]] opened its tenth school on Tuesday. The Ministry of Education pays the teachers, and the World Health Organization trains two nurses.
“Every child has a desk,” said [[Grace Wanjiru]], Programme Director for East Africa. The Deputy Governor, Dr. [[Mathew Owili]], thanked [[Wanjiru]] and the Board of Trustees.
The [[Lantern]]’s work follows the Sustainable Development Goals of the United Nations. Its patron is Her Royal Highness the Duchess of Edinburgh.
How to Help
Registered Charity Number 1098765""".replace("The [[Lantern]]’s work", "The Trust’s work"),
    ),
    NamedText(
        "research",
        None,
        """\
New study shows that bees learn from each other, [[Ellen Voss]] and colleagues at the University of Graz report
Bees learn from each other, a team led by [[Ellen Voss]] reports in the journal <<Nature Communications>>. The National Science Foundation paid for the study.
“We did not expect it,” [[Voss]] said. Her co-author [[Diego Marín]], a postdoctoral fellow at the Max Planck Institute, built the hives. [[Marín]]’s sensors came from [[Bellweather Instruments]].
The Department of Zoology and the Faculty of Natural Sciences will go on with it. Professor Emeritus [[Karl Hinterhuber]] calls it beautiful.
Materials and Methods""",
    ),
    NamedText(
        "travel",
        "Corvane Airways",
        """\
[[Corvane Airways]] adds daily flights from Bristol to Kraków
[[Corvane Airways]] will fly daily from Bristol to Kraków from March 29. Passengers in Premium Economy and Business Class get a meal. The Frequent Flyer Programme is called [[SkyPenny]].
“Poland is the fastest growing market of all,” said [[Corvane]] Commercial Director [[Ruth Aldous]]. The Civil Aviation Authority has approved the route, and [[Balice Handling Sp. z o.o.]] serves the aircraft.
The Airbus A321neo has 220 seats. Summer Timetable 2027 is on sale. Ms. [[Aldous]] thanked Bristol Airport.""".replace(
            "[[Balice Handling Sp. z o.o.]]", "[[Balice Handling]]"
        ).replace("The Airbus A321neo", "The <<Airbus A321neo>>"),
    ),
    NamedText(
        "cars",
        "Steinbruck Motor AG",
        """\
World Premiere in Geneva: The New [[Steinbruck Aurelia]] Is Here
[[Steinbruck Motor AG]] showed the [[Steinbruck Aurelia]] in Geneva on Monday. [[Steinbruck]] builds the car in Slovakia. The Electric Motor has 240 kW, the battery 82 kWh.
“The [[Aurelia]] is our heart,” said Head of Design [[Matteo Ricci]], and Chief Engineer [[Ulrike Baumann]] agreed. Lane Keeping Assist and Adaptive Cruise Control are standard; Over-the-Air Updates follow.
At the Geneva International Motor Show, visitors can drive it. [[Baumann]] worked on it for six years with [[Kato Precision Works]]. The Worldwide Harmonised Light Vehicles Test Procedure gives a range of 560 km.
Technical Data""".replace("of 560 km.", "of 560 km."),
        protect=("Steinbruck Aurelia",),
    ),
    NamedText(
        "bank",
        "Banco Arrayán",
        """\
[[Banco Arrayán]] nombra a [[Lucía Ferrer]] directora general
[[Banco Arrayán]] anunció el lunes que [[Lucía Ferrer]] será su nueva directora general. El Banco Central y la Comisión Nacional del Mercado de Valores dieron su visto bueno.
«[[Arrayán]] crece en toda América Latina», dijo el presidente, [[Joaquín de la Torre]]. La empresa [[Molinos del Sur]] y el Ministerio de Hacienda participan.
El Consejo de Administración se reunirá en Nueva York. La Junta General de Accionistas aprobó las cuentas, y [[Ferrer]] agradeció a [[Grupo Peñalver]].""",
        language="es",
    ),
    NamedText(
        "food",
        "Maison Duvivier",
        """\
[[Maison Duvivier]] ouvre une usine à Lille
La société [[Maison Duvivier]] a ouvert lundi une usine à Lille, en présence du ministre [[Alain Kergoat]]. Le Conseil régional des Hauts-de-France et la Banque publique d’investissement ont aidé.
« [[Duvivier]] reste une affaire de famille », a déclaré la présidente, [[Hélène Duvivier]]. Le fournisseur [[Moulins Castelnau]] livrera la farine, et [[Kergoat]] s’en félicite.
Le Comité social et économique et l’Union européenne soutiennent le projet.""",
        language="fr",
    ),
    NamedText(
        "industry",
        "Usinas Tamarindo S.A.",
        """\
[[Usinas Tamarindo]] investe 300 milhões em Santos
A [[Usinas Tamarindo]] vai investir no porto, disse a presidente [[Beatriz Nogueira]]. O Banco Nacional de Desenvolvimento e o Ministério da Fazenda participam do projeto.
“A [[Tamarindo]] cresce com o Brasil”, afirmou [[Nogueira]]. A empresa [[Veleiro Azul]] fornece os guindastes, e a Universidade de São Paulo faz os estudos.""",
        language="pt",
    ),
    NamedText(
        "jobs",
        "Fairmile Logistics",
        """\
[[Fairmile Logistics]] to Hire 1,200 People Before Black Friday
[[Fairmile Logistics]] will hire 1,200 people before Black Friday and Cyber Monday. Warehouse Operatives earn the National Living Wage, Delivery Drivers more.
“We need everybody,” said Human Resources Director [[Nadia Haddad]]. Her deputy, [[James Osei-Tutu]], expects most of them in the East Midlands. Equal Opportunities matter to [[Fairmile]].
Group Chief Executive [[Oliver Strand]] will visit the Regional Distribution Centre with the Secretary of State for Work and Pensions. The union [[Unite]] has agreed.
Equal Opportunities Employer""".replace("The union [[Unite]] has agreed.", "The unions have agreed."),
    ),
    NamedText(
        "security",
        "Palisade Cyber Ltd.",
        """\
[[Palisade Cyber]] warns of a flaw in [[DoorKeep]] routers
[[Palisade Cyber Ltd.]] has found a flaw in routers of [[DoorKeep]]. The National Cyber Security Centre was told at once. Chief Research Officer [[Ivana Horvat]] explained it at the Black Hat conference in Las Vegas.
“Turn off Remote Management,” [[Horvat]] told reporters. [[DoorKeep]] Product Manager [[Lee Min-jun]] thanked [[Palisade]]’s researchers. A Firmware Update is ready, and Multi-Factor Authentication helps.
The Common Vulnerability Scoring System gives it nine points. The Department of Homeland Security and [[Tern Rock Networks]] have patched their networks.""".replace(
            "Black Hat conference", "<<Black Hat>> conference"
        ),
    ),
)

HELD_OUT = (
    NamedText(
        "insurance",
        "Castellan Mutual",
        """\
[[Castellan Mutual]] Settles 9 in 10 Storm Claims Within a Week
[[Castellan Mutual]] has settled nine in ten claims after Storm Edda, the insurer said on Wednesday. Chief Claims Officer [[Margaret Tolliver]] praised the Loss Adjusters.
“Our members come first,” [[Tolliver]] said. [[Castellan]]’s Net Combined Ratio was 94 percent. The Prudential Regulation Authority publishes the Solvency Capital Requirement every quarter.
Actuary [[Neil Achterberg]] of [[Poole Harding LLP]] checked the figures, and Non-Executive Director [[Sunita Rao]] chairs the Risk Committee. Home Contents Insurance costs more.
Notes to Editors
Claims Handling at a Glance""".replace("Storm Edda", "<<Storm Edda>>"),
    ),
    NamedText(
        "mining",
        "Ironbark Resources Ltd",
        """\
[[Ironbark]] Drills 41 Metres of Copper at [[Mulga Downs]] and Extends the Mineral Resource
[[Ironbark Resources Ltd]] reported new drilling results from its [[Mulga Downs]] project in Western Australia. The Inferred Mineral Resource grows to 12 million tonnes.
“The orebody is open at depth,” said Managing Director [[Craig Pemberthy]]. A Scoping Study by [[Orelund Consulting]] begins in May. Reverse Circulation drilling goes on until the Wet Season.
The Competent Person is Mr. [[Dale Hutchins]], a Fellow of the Australasian Institute of Mining and Metallurgy. [[Hutchins]] and [[Pemberthy]] hold shares in [[Ironbark]].
The Native Title holders and the Department of Mines have agreed. Diamond Drilling Results""",
    ),
    NamedText(
        "film",
        "Pelican House Pictures",
        """\
[[Pelican House Pictures]] Begins Shooting with [[Imogen Vance]] in Dublin
Filming has begun on a new drama with [[Imogen Vance]] and [[Declan Rourke]], [[Pelican House Pictures]] announced. Executive Producer [[Saoirse Kinsella]] found the story in a library.
“It makes you laugh and weep,” [[Kinsella]] said. [[Vance]] won a Golden Bear and the Palme d’Or; [[Rourke]] is known from the theatre. Costume Designer [[Petra Hollinger]] and Director of Photography [[Yusuf Demir]] are on the team.
[[Screen Ireland]] and the Arts Council pay a third. World Sales are handled by [[Bluefin International]]. [[Pelican House]] expects the premiere at the Toronto International Film Festival.""".replace(
            "a Golden Bear and the Palme d’Or", "prizes in two countries"
        ),
    ),
    NamedText(
        "farming",
        "Tillage & Sons Cooperative",
        """\
Farmers get better seed: [[Tillage & Sons]] opens a laboratory in Ames
[[Tillage & Sons Cooperative]] has opened a seed laboratory in Ames, Iowa. The United States Department of Agriculture paid half of it under the Rural Development Program.
“Drought is the new normal,” said Lead Agronomist [[Becky Thorvald]], who worked for [[GreenRow Seeds]] before. Her team tests Winter Wheat and Spring Barley with [[SoilSense]] probes.
Extension Specialists at Iowa State University give advice. Crop Insurance and Farm Credit are open to Young Farmers. [[Thorvald]] will speak at the World Ag Expo.
Questions and Answers""".replace("the World Ag Expo", "the <<World Ag Expo>>"),
    ),
    NamedText(
        "trains",
        "Velaro Rail",
        """\
[[Velaro Rail]] Orders 20 Trains From [[Hokuto Rolling Stock]]
[[Velaro Rail]] has ordered 20 high-speed trains from [[Hokuto Rolling Stock]] of Japan. The first will run in Spring 2029 from Lyon to Turin, the Rail Operator said.
“People want to sleep on the way,” said [[Claire Fontanel]], Director of Fleet. Deputy Chief Executive [[Marco Bellandi]] signed for [[Velaro]], President [[Hiroshi Takeda]] for [[Hokuto]].
The European Train Control System and the Technical Specifications for Interoperability apply. First Class has 60 seats. [[Bellandi]]’s colleagues will train Drivers and Train Managers.
On Board the New Train""",
    ),
)
"""Texts that were written after the recogniser was. When they first met it, precision was 0.80 and recall 0.90 (0.55 and
0.60 for the one before); what the misses had in common went into the rules then."""

UNSEEN = (
    NamedText(
        "shipping",
        "Brandvik Lines AS",
        """\
[[Brandvik Lines]] Takes Delivery of First Ammonia-Ready Car Carrier
[[Brandvik Lines AS]] has taken delivery of the vessel [[Brandvik Horizon]] from [[Hanjung Shipyard]] in Ulsan. The Pure Car and Truck Carrier is the first of four.
“She is a beauty,” said Fleet Manager [[Torstein Bakke]]. The Energy Efficiency Design Index is 40 percent below the limit of the International Maritime Organization, and [[DNV]] has given the class notation.
Charterer [[Kolbe Automotive]] will ship cars to Baltimore. Master Mariner [[Rosa Quispe]] takes command; Chief Mate [[Liam Doyle]] follows. [[Bakke]] thanked the Shore Crew.
Ballast Water Treatment and Shore Power""".replace("[[DNV]]", "<<DNV>>"),
    ),
    NamedText(
        "university",
        "University of Westmere",
        """\
New Centre for Quantum Sensing Opens at the <<University of Westmere>>
The <<University of Westmere>> opened its Centre for Quantum Sensing on Thursday with a gift from the [[Halloran Foundation]]. Vice-Chancellor [[Dame Prudence Achebe|Prudence Achebe]] cut the ribbon.
“We measure what nobody has measured,” said Dr [[Ravi Subramaniam]], who leads the Gravity Imaging Group. Doctoral students from the Faculty of Engineering will work with [[Lumen Cryogenics]] and [[Oxley Photonics Ltd]].
[[Subramaniam]] was a Marie Curie Fellow in Delft. The Engineering and Physical Sciences Research Council pays for twelve Research Fellows; Professor [[Gwen Pritchard]] is Deputy Dean.
Study With Us""".replace("[[Dame Prudence Achebe|Prudence Achebe]]", "[[Prudence Achebe]]")
        .replace("[[Halloran Foundation]]", "<<Halloran Foundation>>")
        .replace("a Marie Curie Fellow", "a <<Marie Curie>> Fellow"),
    ),
    NamedText(
        "games",
        "Pixelwright Studios",
        """\
[[Pixelwright Studios]] Announces [[Emberfall Chronicles]] for Consoles and PC
[[Pixelwright Studios]] today announced [[Emberfall Chronicles]], a role-playing game that comes out on May 6. Early Access begins in March; a Collector’s Edition has an Art Book.
“Players asked for dragons,” said Creative Director [[Mika Laaksonen]]. Lead Writer [[Ofelia Brandt]] wrote 4,000 pages. The Soundtrack is by [[Nils Ekholm]] and the [[Tallinn Chamber Orchestra]].
The game runs on [[ForgeEngine 5]]. Cross-Platform Play and Cloud Saves are supported, [[Laaksonen]] added. Publisher [[Ninth Gate Interactive]] takes Pre-Orders now.
Minimum System Requirements""".replace("[[Tallinn Chamber Orchestra]]", "<<Tallinn Chamber Orchestra>>"),
    ),
    NamedText(
        "water",
        "Severnside Water plc",
        """\
[[Severnside Water]] to Cut Leaks by a Third
[[Severnside Water plc]] will spend £420 million on its network, it said on Tuesday. The Water Services Regulation Authority has approved the Price Review.
Director of Asset Management [[Helen Twigg]] expects Smart Meters in every house by 2030. “Every drop counts,” [[Twigg]] said. [[Severnside]]’s contractor is [[Morrow Pipelines]], and [[Jacek Nowak]], Site Supervisor, has 60 people.
The Drinking Water Inspectorate and the Environment Agency were told. Hosepipe Ban rules stay. Citizens Advice helps with bills.
Vulnerable Customers""".replace("Citizens Advice helps", "<<Citizens Advice>> helps"),
    ),
    NamedText(
        "energía",
        "Solaria Andina S.A.",
        """\
[[Solaria Andina]] inaugura en Atacama su mayor planta solar
[[Solaria Andina S.A.]] inauguró el martes una planta solar en el desierto, con la presencia del ministro de Energía, [[Rodrigo Valdivieso]]. El Servicio de Evaluación Ambiental aprobó el proyecto en mayo.
«La energía del norte llega a todo el país», dijo la gerente general, [[Camila Undurraga]]. La constructora [[Hermanos Riquelme]] y el fabricante [[Voltahaus]] entregaron los equipos, y [[Undurraga]] agradeció a la Municipalidad de Calama.
El Coordinador Eléctrico Nacional y la Superintendencia de Electricidad supervisan la conexión.""".replace(
            "[[Voltahaus]]", "<<Voltahaus>>"
        ),
        language="es",
    ),
    NamedText(
        "santé",
        "Laboratoires Mérieau",
        """\
[[Laboratoires Mérieau]] lance un test rapide de la grippe
Les [[Laboratoires Mérieau]] ont lancé jeudi un test rapide de la grippe. La Haute Autorité de santé l’a évalué, et l’Assurance maladie le rembourse à 60 %.
« Dix minutes suffisent », explique la directrice scientifique, [[Solène Kerbrat]]. Le Centre hospitalier universitaire de Rennes et le distributeur [[Pharmadis Ouest]] ont participé, précise [[Kerbrat]].
Le professeur [[Yannick Le Goff]] préside le conseil scientifique.""",
        language="fr",
    ),
)
"""Texts that were written after both. When they first met it, precision was 0.64 and recall 0.84, which showed that a list
of ordinary words is not enough: since then the dictionaries say which words are ordinary."""
LAST = (
    NamedText(
        "rail freight",
        "Oderland Cargo GmbH",
        """\
[[Oderland Cargo]] Wins Contract to Haul Gravel for the Airport Tunnel
[[Oderland Cargo GmbH]] will haul two million tonnes of gravel to the tunnel site, the freight company said on Thursday. The contract with [[Hartwig Tiefbau]] runs until December 2029.
“Gravel belongs on the rails,” said [[Jutta Petersen]], who heads the Bulk Goods division. Fleet Planner [[Emre Yıldız]] has ordered forty Hopper Wagons from [[Wagonmet]].
The Federal Railway Authority has to grant a Safety Certificate. Train Drivers are wanted, [[Petersen]] said: [[Oderland]] pays a Signing Bonus.
Night Shift Rules""".replace("[[Wagonmet]]", "<<Wagonmet>>"),
    ),
    NamedText(
        "museum",
        "Alder House Museum",
        """\
A Painter Returns: Major Retrospective of [[Clara Vondelen]] at Alder House
More than ninety paintings by [[Clara Vondelen]] will be on view from 3 April, Alder House Museum announced. It is the first Retrospective since her death.
“She painted silence,” said Curator [[Dominic Achterhof]]. Loans come from the [[Brandis Collection]] and from the National Gallery in Oslo. Conservator [[Yuki Tanabe]] cleaned six Oil Sketches.
The exhibition is sponsored by [[Pemberley Trust Bank]] and the Arts Endowment Fund. [[Vondelen]]’s letters are read by the actress [[Fenella Marsh]]. Opening Hours and Guided Tours are on the website.
Family Workshops in the Garden Studio""".replace("Alder House Museum announced", "<<Alder House Museum>> announced")
        .replace("at Alder House", "at <<Alder House>>")
        .replace("[[Brandis Collection]]", "<<Brandis Collection>>"),
    ),
    NamedText(
        "biotech",
        "Nuvalis Bio",
        """\
[[Nuvalis Bio]] Closes $85 Million Series B Financing
[[Nuvalis Bio]], a company that develops Antibody Drug Conjugates, has closed a Series B financing of $85 million. The round was led by [[Copperfield Ventures]] with [[Tidemark Partners]] and existing investors.
“This takes us to the clinic,” said [[Anjali Deshmukh]], Ph.D., co-founder and Chief Scientific Officer. Former [[Galdera]] executive [[Thomas Wexler]] joins the Board of Directors as an Independent Director.
Its lead candidate, [[NUV-204]], targets Solid Tumors. An Investigational New Drug application is planned for the Second Half of the year, [[Deshmukh]] said.
About the Series B""".replace("[[Galdera]]", "<<Galdera>>").replace("[[NUV-204]]", "<<NUV-204>>"),
    ),
    NamedText(
        "ciudad",
        None,
        """\
El Ayuntamiento de Lugo abre un centro para mayores con [[Fundación Brétema]]
El Ayuntamiento de Lugo abrió el lunes un centro para mayores. La alcaldesa, [[Uxía Carballo]], visitó las aulas con el director del centro, [[Brais Outeiro]].
«Nadie debe estar solo», afirmó [[Carballo]]. La empresa [[Cocinas Lareira]] sirve las comidas, y la Consejería de Política Social paga la mitad. El Plan Municipal de Mayores termina en 2030, recordó [[Outeiro]].""".replace(
            "[[Fundación Brétema]]", "<<Fundación Brétema>>"
        ),
        language="es",
    ),
)
"""Texts that were written last, after all rules; nothing was changed for them."""
