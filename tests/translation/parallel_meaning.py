"""Press sentences with sound human translations, and faults of meaning to put into them that no surface check can see.

In a translation `{kind:right|wrong}` stands for `right`, and for `wrong` once the fault is put in; `[…]` is a protected
name. Written for these tests, by a person's rules: idiomatic, not word for word. Every second sentence is held out: the
back-translation comparer was tuned on the others alone.
"""

# ruff: noqa: E501 - a sentence is easier to compare on one line
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.translation.pieces import Opaque, Piece, Text, joined

KINDS = {
    "negation": "a denial dropped or put in",
    "direction": "rose for fell, more for less, won for lost",
    "weekday": "another weekday",
    "person": "we for they",
    "names": "two names swapped",
    "clause": "a clause left out",
    "unrelated": "fluent text of another sentence",
}
"""The kinds of faults, and what each does."""

SENTENCES: tuple[dict[str, str], ...] = (
    {
        "en": "Revenue rose sharply in the second half, and the company does not plan to cut its dividend.",
        "es": "Los ingresos {direction:crecieron|cayeron} con fuerza en el segundo semestre y la empresa {negation:no |}prevé recortar su dividendo.",
        "fr": "Le chiffre d’affaires a fortement {direction:augmenté|diminué} au second semestre et l’entreprise {negation:n’envisage pas de|envisage de} réduire son dividende.",
        "pt": "A receita {direction:subiu|caiu} fortemente no segundo semestre, e a empresa {negation:não |}pretende reduzir o dividendo.",
        "de": "Der Umsatz ist im zweiten Halbjahr kräftig {direction:gestiegen|gesunken}, und das Unternehmen plant {negation:keine|eine} Kürzung der Dividende.",
        "ja": "下半期の売上高は大幅に{direction:増加|減少}し、同社は配当の減額を予定して{negation:いない|いる}。",
        "ar": "{direction:ارتفعت|انخفضت} الإيرادات بشكل حاد في النصف الثاني، و{negation:لا |}تعتزم الشركة خفض توزيعات الأرباح.",
    },
    {
        "en": "[Northgate Rail] said on Tuesday that it had never received a formal offer from [Halden Capital].",
        "es": "[Northgate Rail] informó el {weekday:martes|jueves} de que {negation:nunca |}había recibido una oferta formal de [Halden Capital].",
        "fr": "[Northgate Rail] a déclaré {weekday:mardi|jeudi} qu’elle {negation:n’avait jamais|avait} reçu d’offre formelle de la part de [Halden Capital].",
        "pt": "A [Northgate Rail] informou na {weekday:terça-feira|quinta-feira} que {negation:nunca |}recebeu uma oferta formal da [Halden Capital].",
        "de": "[Northgate Rail] teilte am {weekday:Dienstag|Donnerstag} mit, {negation:nie|bereits} ein förmliches Angebot von [Halden Capital] erhalten zu haben.",
        "ja": "[Northgate Rail]は{weekday:火曜日|木曜日}、[Halden Capital]から正式な提案を受けたことは{negation:ない|ある}と発表した。",
        "ar": "قالت [Northgate Rail] يوم {weekday:الثلاثاء|الخميس} إنها {negation:لم تتلق قط|تلقت} عرضا رسميا من [Halden Capital].",
    },
    {
        "en": "“We are convinced that our customers will benefit from the merger,” the chairman told reporters on Friday.",
        "es": "“{person:Estamos convencidos|Están convencidos} de que {person:nuestros|sus} clientes se beneficiarán de la fusión”, declaró el presidente a los periodistas el {weekday:viernes|lunes}.",
        "fr": "« {person:Nous sommes convaincus|Ils sont convaincus} que {person:nos|leurs} clients tireront profit de la fusion », a dit le président aux journalistes {weekday:vendredi|lundi}.",
        "pt": "“{person:Estamos convencidos|Eles estão convencidos} de que {person:os nossos|os seus} clientes se beneficiarão da fusão”, disse o presidente aos jornalistas na {weekday:sexta-feira|segunda-feira}.",
        "de": "„{person:Wir sind überzeugt|Sie sind überzeugt}, dass {person:unsere|ihre} Kunden von der Fusion profitieren werden“, sagte der Vorsitzende am {weekday:Freitag|Montag} vor Journalisten.",
        "ja": "「合併は{person:当社|彼ら}の顧客の利益になると{person:私たちは|彼らは}確信しています」と会長は{weekday:金曜日|月曜日}、記者団に語った。",
        "ar": "قال رئيس مجلس الإدارة للصحفيين يوم {weekday:الجمعة|الاثنين}: “{person:نحن مقتنعون بأن عملاءنا|هم مقتنعون بأن عملاءهم} سيستفيدون من الاندماج”.",
    },
    {
        "en": "[Aldermere] acquired [Tessaro Foods] last year, although shareholders had rejected a first proposal.",
        "es": "[Aldermere] adquirió [Tessaro Foods] el año pasado{clause:, aunque los accionistas habían {direction:rechazado|aceptado} una primera propuesta|}.",
        "fr": "[Aldermere] a racheté [Tessaro Foods] l’an dernier{clause:, bien que les actionnaires aient {direction:rejeté|accepté} une première proposition|}.",
        "pt": "A [Aldermere] adquiriu a [Tessaro Foods] no ano passado{clause:, embora os acionistas tivessem {direction:rejeitado|aceitado} uma primeira proposta|}.",
        "de": "[Aldermere] hat [Tessaro Foods] im vergangenen Jahr übernommen{clause:, obwohl die Aktionäre einen ersten Vorschlag {direction:abgelehnt|angenommen} hatten|}.",
        "ja": "{clause:株主は最初の提案を{direction:拒否|承認}していたが、|}[Aldermere]は昨年[Tessaro Foods]を買収した。",
        "ar": "استحوذت [Aldermere] على [Tessaro Foods] العام الماضي{clause:، رغم أن المساهمين كانوا قد {direction:رفضوا|قبلوا} اقتراحا أول|}.",
    },
    {
        "en": "The new plant will use less water than the old one, which was closed after a fire in the spring.",
        "es": "La nueva planta consumirá {direction:menos|más} agua que la antigua{clause:, que fue cerrada tras un incendio en primavera|}.",
        "fr": "La nouvelle usine consommera {direction:moins|plus} d’eau que l’ancienne{clause:, fermée après un incendie au printemps|}.",
        "pt": "A nova fábrica usará {direction:menos|mais} água do que a antiga{clause:, que foi fechada após um incêndio na primavera|}.",
        "de": "Das neue Werk wird {direction:weniger|mehr} Wasser verbrauchen als das alte{clause:, das nach einem Brand im Frühjahr geschlossen wurde|}.",
        "ja": "新工場の水の使用量は、{clause:春の火災後に閉鎖された|}旧工場より{direction:少なく|多く}なる。",
        "ar": "سيستهلك المصنع الجديد ماء {direction:أقل|أكثر} من المصنع القديم{clause: الذي أغلق بعد حريق في الربيع|}.",
    },
    {
        "en": "The court ruled on Thursday that the supplier lost the right to appeal because it did not meet the deadline.",
        "es": "El tribunal resolvió el {weekday:jueves|miércoles} que el proveedor {direction:perdió|ganó} el derecho a recurrir{clause: porque {negation:no |}cumplió el plazo|}.",
        "fr": "Le tribunal a jugé {weekday:jeudi|mercredi} que le fournisseur avait {direction:perdu|gagné} le droit de faire appel{clause:, car il {negation:n’a pas|a} respecté le délai|}.",
        "pt": "O tribunal decidiu na {weekday:quinta-feira|quarta-feira} que o fornecedor {direction:perdeu|ganhou} o direito de recorrer{clause: porque {negation:não |}cumpriu o prazo|}.",
        "de": "Das Gericht entschied am {weekday:Donnerstag|Mittwoch}, dass der Lieferant das Recht auf Berufung {direction:verloren|gewonnen} hat{clause:, weil er die Frist {negation:nicht |}eingehalten hat|}.",
        "ja": "裁判所は{weekday:木曜日|水曜日}、{clause:期限を守ら{negation:なかった|った}ため、|}供給業者は控訴権を{direction:失った|得た}と判断した。",
        "ar": "قضت المحكمة يوم {weekday:الخميس|الأربعاء} بأن المورد {direction:فقد|كسب} حق الاستئناف{clause: لأنه {negation:لم يلتزم|التزم} بالموعد النهائي|}.",
    },
    {
        "en": "Exports to Asia increased, while sales in Europe were weaker than expected.",
        "es": "Las exportaciones a Asia {direction:aumentaron|disminuyeron}{clause:, mientras que las ventas en Europa fueron más {direction:débiles|fuertes} de lo esperado|}.",
        "fr": "Les exportations vers l’Asie ont {direction:progressé|reculé}{clause:, tandis que les ventes en Europe ont été plus {direction:faibles|fortes} que prévu|}.",
        "pt": "As exportações para a Ásia {direction:aumentaram|diminuíram}{clause:, enquanto as vendas na Europa foram mais {direction:fracas|fortes} do que o esperado|}.",
    },
    {
        "en": "Patients who received the treatment reported fewer side effects, and no deaths were recorded.",
        "es": "Los pacientes que recibieron el tratamiento comunicaron {direction:menos|más} efectos secundarios y {negation:no se registraron|se registraron} muertes.",
        "fr": "Les patients ayant reçu le traitement ont signalé {direction:moins|plus} d’effets secondaires, et {negation:aucun décès n’a|des décès ont} été enregistré.",
        "pt": "Os pacientes que receberam o tratamento relataram {direction:menos|mais} efeitos colaterais e {negation:não houve|houve} registro de mortes.",
    },
    {
        "en": "On Wednesday [Ingrid Solheim] succeeded [Paul Adeyemi] as head of the research department.",
        "es": "El {weekday:miércoles|viernes}, [Ingrid Solheim] sucedió a [Paul Adeyemi] al frente del departamento de investigación.",
        "fr": "{weekday:Mercredi|Vendredi}, [Ingrid Solheim] a succédé à [Paul Adeyemi] à la tête du département de recherche.",
        "pt": "Na {weekday:quarta-feira|sexta-feira}, [Ingrid Solheim] sucedeu a [Paul Adeyemi] na chefia do departamento de pesquisa.",
    },
    {
        "en": "We expect demand to remain strong, but we will not build a second factory before the end of the decade.",
        "es": "{person:Esperamos|Esperan} que la demanda siga siendo {direction:fuerte|débil}, pero {negation:no |}{person:construiremos|construirán} una segunda fábrica antes de que termine la década.",
        "fr": "{person:Nous prévoyons|Ils prévoient} que la demande restera {direction:forte|faible}, mais {person:nous|ils} {negation:ne construirons pas|construirons} de deuxième usine avant la fin de la décennie.",
        "pt": "{person:Esperamos|Eles esperam} que a demanda continue {direction:forte|fraca}, mas {negation:não |}{person:construiremos|construirão} uma segunda fábrica antes do fim da década.",
    },
    {
        "en": "The bank lowered its forecast after a weak quarter, and it warned that losses could grow.",
        "es": "El banco {direction:rebajó|elevó} su previsión tras un trimestre débil{clause: y advirtió de que las pérdidas podrían aumentar|}.",
        "fr": "La banque a {direction:abaissé|relevé} ses prévisions après un trimestre décevant{clause: et averti que les pertes pourraient s’aggraver|}.",
        "pt": "O banco {direction:reduziu|elevou} sua previsão após um trimestre fraco{clause: e alertou que as perdas poderiam crescer|}.",
    },
    {
        "en": "The ferry service between the two islands will start on Sunday, weather permitting.",
        "es": "El servicio de transbordador entre las dos islas {direction:comenzará|terminará} el {weekday:domingo|sábado}{clause:, si el tiempo lo permite|}.",
        "fr": "Le service de ferry entre les deux îles {direction:débutera|cessera} {weekday:dimanche|samedi}{clause:, si le temps le permet|}.",
        "pt": "O serviço de balsa entre as duas ilhas {direction:começará|terminará} no {weekday:domingo|sábado}{clause:, se o tempo permitir|}.",
    },
    {
        "en": "[Calder Motors] sold its truck division to [Rheinberg Group], which employs more than a thousand people in Spain.",
        "es": "[Calder Motors] {direction:vendió|compró} su división de camiones a [Rheinberg Group]{clause:, que emplea a más de mil personas en España|}.",
        "fr": "[Calder Motors] a {direction:vendu|acheté} sa division de camions à [Rheinberg Group]{clause:, qui emploie plus de mille personnes en Espagne|}.",
        "pt": "A [Calder Motors] {direction:vendeu|comprou} sua divisão de caminhões ao [Rheinberg Group]{clause:, que emprega mais de mil pessoas na Espanha|}.",
    },
    {
        "en": "The software is free for schools, and teachers do not need any special training to use it.",
        "es": "El programa es gratuito para las escuelas y los docentes {negation:no necesitan ninguna|necesitan una} formación especial para utilizarlo.",
        "fr": "Le logiciel est gratuit pour les écoles et les enseignants {negation:n’ont besoin d’aucune|ont besoin d’une} formation particulière pour s’en servir.",
        "pt": "O software é gratuito para as escolas, e os professores {negation:não precisam de nenhum|precisam de um} treinamento especial para usá-lo.",
    },
    {
        "en": "The museum opens its doors on Saturday with an exhibition about the history of printing.",
        "es": "El museo {direction:abre|cierra} sus puertas el {weekday:sábado|lunes}{clause: con una exposición sobre la historia de la imprenta|}.",
        "fr": "Le musée {direction:ouvre|ferme} ses portes {weekday:samedi|lundi}{clause: avec une exposition sur l’histoire de l’imprimerie|}.",
        "pt": "O museu {direction:abre|fecha} suas portas no {weekday:sábado|domingo}{clause: com uma exposição sobre a história da imprensa|}.",
    },
    {
        "en": "Our engineers found no evidence that the accident was caused by a lack of maintenance.",
        "es": "{person:Nuestros|Sus} ingenieros {negation:no hallaron|hallaron} indicios de que el accidente se debiera a una falta de mantenimiento.",
        "fr": "{person:Nos|Leurs} ingénieurs {negation:n’ont trouvé aucune preuve|ont trouvé la preuve} que l’accident ait été causé par un manque d’entretien.",
        "pt": "{person:Nossos|Os seus} engenheiros {negation:não encontraram|encontraram} provas de que o acidente tenha sido causado por falta de manutenção.",
    },
    {
        "en": "Energy prices have fallen since the spring, so households will pay less for heating this winter.",
        "es": "Los precios de la energía han {direction:bajado|subido} desde la primavera{clause:, por lo que los hogares pagarán menos por la calefacción este invierno|}.",
        "fr": "Les prix de l’énergie ont {direction:baissé|augmenté} depuis le printemps{clause:, de sorte que les ménages paieront moins cher leur chauffage cet hiver|}.",
        "pt": "Os preços da energia {direction:caíram|subiram} desde a primavera{clause:, de modo que as famílias pagarão menos pelo aquecimento neste inverno|}.",
    },
    {
        "en": "[Maria Lindqvist] defeated [Joana Teles] in the final and won her third title of the season.",
        "es": "[Maria Lindqvist] derrotó a [Joana Teles] en la final y {direction:ganó|perdió} su tercer título de la temporada.",
        "fr": "[Maria Lindqvist] a battu [Joana Teles] en finale et {direction:remporté|perdu} son troisième titre de la saison.",
        "pt": "[Maria Lindqvist] derrotou [Joana Teles] na final e {direction:conquistou|perdeu} seu terceiro título da temporada.",
    },
    {
        "en": "The agency has not approved the drug for children, whose safety is still being studied.",
        "es": "La agencia {negation:no |}ha aprobado el medicamento para niños{clause:, cuya seguridad sigue en estudio|}.",
        "fr": "L’agence {negation:n’a pas|a} autorisé le médicament pour les enfants{clause:, dont la sécurité est encore à l’étude|}.",
        "pt": "A agência {negation:não |}aprovou o medicamento para crianças{clause:, cuja segurança ainda está sendo estudada|}.",
    },
    {
        "en": "Shares closed lower on Monday after the ministry announced higher taxes on air travel.",
        "es": "Las acciones cerraron a la {direction:baja|alza} el {weekday:lunes|martes}{clause: después de que el ministerio anunciara impuestos más altos a los viajes en avión|}.",
        "fr": "Les actions ont terminé en {direction:baisse|hausse} {weekday:lundi|mardi}{clause: après l’annonce par le ministère d’une augmentation des taxes sur le transport aérien|}.",
        "pt": "As ações fecharam em {direction:baixa|alta} na {weekday:segunda-feira|terça-feira}{clause: depois que o ministério anunciou impostos mais altos sobre as viagens aéreas|}.",
    },
    {
        "en": "The foundation supports young researchers without requiring them to repay the grant.",
        "es": "La fundación apoya a jóvenes investigadores {negation:sin exigirles|exigiéndoles} que devuelvan la beca.",
        "fr": "La fondation soutient de jeunes chercheurs {negation:sans exiger|en exigeant} le remboursement de la bourse.",
        "pt": "A fundação apoia jovens pesquisadores {negation:sem exigir|exigindo} que devolvam a bolsa.",
    },
    {
        "en": "The city will buy forty electric buses, the first of which are to arrive before the summer.",
        "es": "La ciudad {direction:comprará|venderá} cuarenta autobuses eléctricos{clause:, los primeros de los cuales llegarán {direction:antes|después} del verano|}.",
        "fr": "La ville {direction:achètera|vendra} quarante bus électriques{clause:, dont les premiers arriveront {direction:avant|après} l’été|}.",
        "pt": "A cidade {direction:comprará|venderá} quarenta ônibus elétricos{clause:, os primeiros dos quais chegarão {direction:antes|depois} do verão|}.",
    },
    {
        "en": "I am proud of my team, which has worked day and night to restore the power supply.",
        "es": "{person:Estoy orgulloso|Está orgulloso} de {person:mi|su} equipo, {clause:que ha trabajado día y noche |}para restablecer el suministro eléctrico.",
        "fr": "{person:Je suis fier|Il est fier} de {person:mon|son} équipe, {clause:qui a travaillé jour et nuit |}pour rétablir l’alimentation électrique.",
        "pt": "{person:Tenho|Ele tem} orgulho da {person:minha|sua} equipe, {clause:que trabalhou dia e noite |}para restabelecer o fornecimento de energia.",
    },
    {
        "en": "Unlike [Sable Systems], [Orrin Labs] has not increased its prices since the launch of the product.",
        "es": "A diferencia de [Sable Systems], [Orrin Labs] {negation:no |}ha {direction:subido|bajado} sus precios desde el lanzamiento del producto.",
        "fr": "Contrairement à [Sable Systems], [Orrin Labs] {negation:n’a pas|a} {direction:augmenté|diminué} ses prix depuis le lancement du produit.",
        "pt": "Ao contrário da [Sable Systems], a [Orrin Labs] {negation:não |}{direction:aumentou|reduziu} seus preços desde o lançamento do produto.",
    },
    {
        "en": "The report confirms that air pollution in the region is below the legal limit.",
        "es": "El informe {negation:confirma|no confirma} que la contaminación del aire en la región está por {direction:debajo|encima} del límite legal.",
        "fr": "Le rapport {negation:confirme|ne confirme pas} que la pollution de l’air dans la région est {direction:inférieure|supérieure} à la limite légale.",
        "pt": "O relatório {negation:confirma|não confirma} que a poluição do ar na região está {direction:abaixo|acima} do limite legal.",
    },
    {
        "en": "The airline will resume flights to the island on Friday, and passengers can change their bookings free of charge.",
        "es": "La aerolínea reanudará los vuelos a la isla el {weekday:viernes|jueves}, y los pasajeros {negation:podrán|no podrán} cambiar sus reservas gratuitamente.",
        "fr": "La compagnie aérienne reprendra ses vols vers l’île {weekday:vendredi|jeudi}, et les passagers {negation:pourront|ne pourront pas} modifier leur réservation sans frais.",
        "pt": "A companhia aérea retomará os voos para a ilha na {weekday:sexta-feira|quinta-feira}, e os passageiros {negation:poderão|não poderão} alterar suas reservas gratuitamente.",
    },
    {
        "en": "Production at the mine stopped on Monday after workers went on strike over longer shifts.",
        "es": "La producción en la mina se detuvo el {weekday:lunes|sábado}{clause: después de que los trabajadores se declararan en huelga por turnos más {direction:largos|cortos}|}.",
        "fr": "La production de la mine s’est arrêtée {weekday:lundi|samedi}{clause: après que les ouvriers se sont mis en grève contre des postes plus {direction:longs|courts}|}.",
        "pt": "A produção na mina parou na {weekday:segunda-feira|quarta-feira}{clause: depois que os trabalhadores entraram em greve contra turnos mais {direction:longos|curtos}|}.",
    },
    {
        "en": "[Kestrel Air] will lease six aircraft to [Baltic Wings] until the end of next year.",
        "es": "[Kestrel Air] arrendará seis aviones a [Baltic Wings] {clause:hasta finales del próximo año|}.",
        "fr": "[Kestrel Air] louera six avions à [Baltic Wings] {clause:jusqu’à la fin de l’année prochaine|}.",
        "pt": "A [Kestrel Air] arrendará seis aeronaves à [Baltic Wings] {clause:até o fim do próximo ano|}.",
    },
    {
        "en": "Nobody was injured in the fire, the cause of which is still unknown.",
        "es": "{negation:Nadie resultó herido|Resultaron heridos} en el incendio{clause:, cuya causa aún se desconoce|}.",
        "fr": "{negation:Personne n’a été blessé|Des personnes ont été blessées} dans l’incendie{clause:, dont la cause reste inconnue|}.",
        "pt": "{negation:Ninguém ficou ferido|Houve feridos} no incêndio{clause:, cuja causa ainda é desconhecida|}.",
    },
    {
        "en": "Our company will hire more women in leading positions and publish its progress every year.",
        "es": "{person:Nuestra|Su} empresa contratará a {direction:más|menos} mujeres en puestos directivos{clause: y publicará sus avances cada año|}.",
        "fr": "{person:Notre|Leur} entreprise recrutera {direction:plus|moins} de femmes à des postes de direction{clause: et publiera ses progrès chaque année|}.",
        "pt": "{person:Nossa|A sua} empresa contratará {direction:mais|menos} mulheres para cargos de liderança{clause: e publicará seus avanços todos os anos|}.",
    },
    {
        "en": "The vaccine is stable at room temperature and does not have to be kept in a refrigerator.",
        "es": "La vacuna es estable a temperatura ambiente y {negation:no |}tiene que conservarse en un frigorífico.",
        "fr": "Le vaccin est stable à température ambiante et {negation:ne doit pas|doit} être conservé au réfrigérateur.",
        "pt": "A vacina é estável à temperatura ambiente e {negation:não |}precisa ser mantida em geladeira.",
    },
    {
        "en": "Unemployment declined for the third month in a row, and wages rose faster than prices.",
        "es": "El desempleo {direction:disminuyó|aumentó} por tercer mes consecutivo{clause: y los salarios subieron más rápido que los precios|}.",
        "fr": "Le chômage a {direction:reculé|progressé} pour le troisième mois consécutif{clause:, et les salaires ont augmenté plus vite que les prix|}.",
        "pt": "O desemprego {direction:diminuiu|aumentou} pelo terceiro mês seguido{clause:, e os salários subiram mais rápido do que os preços|}.",
    },
    {
        "en": "[Dr. Amara Nwosu] told [Peter Lang] on Sunday that the committee would accept the invitation.",
        "es": "[Dr. Amara Nwosu] dijo a [Peter Lang] el {weekday:domingo|martes} que el comité {direction:aceptaría|rechazaría} la invitación.",
        "fr": "[Dr. Amara Nwosu] a dit à [Peter Lang] {weekday:dimanche|mardi} que le comité {direction:accepterait|refuserait} l’invitation.",
        "pt": "[Dr. Amara Nwosu] disse a [Peter Lang] no {weekday:domingo|sábado} que o comitê {direction:aceitaria|rejeitaria} o convite.",
    },
    {
        "en": "We thank everyone who helped us during the flood and who shared food, clothes and tools with their neighbours.",
        "es": "{person:Damos|Dan} las gracias a todos los que {person:nos|les} ayudaron durante la inundación{clause: y compartieron comida, ropa y herramientas con sus vecinos|}.",
        "fr": "{person:Nous remercions|Ils remercient} tous ceux qui {person:nous|les} ont aidés pendant l’inondation{clause: et qui ont partagé nourriture, vêtements et outils avec leurs voisins|}.",
        "pt": "{person:Agradecemos|Eles agradecem} a todos os que {person:nos|os} ajudaram durante a enchente{clause: e dividiram comida, roupas e ferramentas com seus vizinhos|}.",
    },
    {
        "en": "Travel between the two countries will become easier, as visitors no longer need a visa.",
        "es": "Viajar entre ambos países será más {direction:fácil|difícil}, ya que los visitantes {negation:ya no necesitan|necesitan} visado.",
        "fr": "Les voyages entre les deux pays seront plus {direction:faciles|difficiles}, car les visiteurs {negation:n’ont plus|ont} besoin de visa.",
        "pt": "Viajar entre os dois países ficará mais {direction:fácil|difícil}, pois os visitantes {negation:não precisam mais|precisam} de visto.",
    },
    {
        "en": "The orchestra will perform the symphony on Thursday evening, and tickets are still available.",
        "es": "La orquesta interpretará la sinfonía el {weekday:jueves|domingo} por la noche y {negation:aún quedan|ya no quedan} entradas disponibles.",
        "fr": "L’orchestre jouera la symphonie {weekday:jeudi|dimanche} soir, et {negation:il reste encore|il ne reste plus} des billets.",
        "pt": "A orquestra apresentará a sinfonia na noite de {weekday:quinta-feira|domingo}, e {negation:ainda há|já não há} ingressos disponíveis.",
    },
    {
        "en": "The company has repaid all its debts and expects a profit for the first time since it was founded.",
        "es": "La compañía ha saldado todas sus deudas y espera {direction:beneficios|pérdidas}{clause: por primera vez desde su fundación|}.",
        "fr": "L’entreprise a remboursé toutes ses dettes et s’attend à {direction:un bénéfice|une perte}{clause: pour la première fois depuis sa création|}.",
        "pt": "A empresa quitou todas as suas dívidas e espera ter {direction:lucro|prejuízo}{clause: pela primeira vez desde a sua fundação|}.",
    },
    {
        "en": "[Vanta Pharma] did not disclose how much [Greywood Partners] paid for the patents.",
        "es": "[Vanta Pharma] {negation:no |}reveló cuánto pagó [Greywood Partners] por las patentes.",
        "fr": "[Vanta Pharma] {negation:n’a pas|a} révélé combien [Greywood Partners] avait payé pour les brevets.",
        "pt": "A [Vanta Pharma] {negation:não |}revelou quanto a [Greywood Partners] pagou pelas patentes.",
    },
    {
        "en": "The bridge will be closed to heavy vehicles from Wednesday, but pedestrians may still cross it.",
        "es": "El puente estará {direction:cerrado|abierto} a los vehículos pesados a partir del {weekday:miércoles|lunes}{clause:, pero los peatones podrán seguir cruzándolo|}.",
        "fr": "Le pont sera {direction:fermé|ouvert} aux véhicules lourds à partir de {weekday:mercredi|lundi}{clause:, mais les piétons pourront encore le traverser|}.",
        "pt": "A ponte ficará {direction:fechada|aberta} para veículos pesados a partir de {weekday:quarta-feira|segunda-feira}{clause:, mas os pedestres ainda poderão atravessá-la|}.",
    },
    {
        "en": "Scientists from three universities have shown that the glacier is melting faster than previously thought.",
        "es": "Científicos de tres universidades han demostrado que el glaciar se derrite más {direction:rápido|despacio} de lo que se pensaba.",
        "fr": "Des scientifiques de trois universités ont montré que le glacier fond plus {direction:vite|lentement} qu’on ne le pensait.",
        "pt": "Cientistas de três universidades mostraram que a geleira está derretendo mais {direction:depressa|devagar} do que se pensava.",
    },
)

_FAULT = re.compile(r"\{(\w+):([^{}|]*)\|([^{}|]*)\}")


@dataclass(frozen=True)
class Case:
    """One sentence, its translation, and what was put into it."""

    number: int
    """Of the sentence."""
    kind: str | None
    """Of the fault; None: the translation is as a person wrote it."""
    source: Text
    target: Text

    @property
    def held_out(self) -> bool:
        """Whether nothing was tuned on its sentence."""
        return self.number % 2 == 1


def cases(target: str, source_language: str = "en") -> Iterator[Case]:
    """Every sentence that there is in both languages: with its translation as it is right, and once with each kind of
    fault that it can have."""
    both = [(number, one) for number, one in enumerate(SENTENCES) if {source_language, target} <= one.keys()]
    there = [(number, one[source_language], one[target]) for number, one in both]
    for place, (number, original, marked) in enumerate(there):
        source = _text(_filled(original, None))
        right = _text(_filled(marked, None))
        yield Case(number, None, source, right)
        for kind in ("negation", "direction", "weekday", "person", "clause"):
            if f"{{{kind}:" in marked:
                yield Case(number, kind, source, _text(_filled(marked, kind)))
        if swapped := _names_swapped(right):
            yield Case(number, "names", source, swapped)
        if "[" not in marked:
            others = [text for _, _, text in there if text != marked and "[" not in text]
            yield Case(number, "unrelated", source, _text(_filled(others[place % len(others)], None)))


def _filled(marked: str, kind: str | None) -> str:
    """A marked translation with one kind of fault in it; a clause may hold another fault inside."""
    while (found := _FAULT.search(marked)) is not None:
        marked = marked[: found.start()] + found[3 if found[1] == kind else 2] + marked[found.end() :]
        if kind not in (None, "clause") and found[1] == kind:
            kind = None  # one fault is enough
    return marked


def _names_swapped(text: Text) -> Text | None:
    names = [piece for piece in text if isinstance(piece, Opaque)]
    if len(names) != 2:
        return None
    return tuple(names[names.index(piece) - 1] if isinstance(piece, Opaque) else piece for piece in text)


def _text(marked: str) -> Text:
    return joined(_pieces(marked))


def _pieces(marked: str) -> Iterator[Piece]:
    for part in re.split(r"(\[[^\]]+\])", marked):
        yield Opaque(10 + sum(map(ord, part)) % 1000, part[1:-1], kind="name") if part.startswith("[") else part
