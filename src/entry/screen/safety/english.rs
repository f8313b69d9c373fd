//! English: what tells of danger now.

use std::sync::OnceLock;

use super::Emergency;
use super::rules::{Patterns, Rules};

/// What kind of emergency `folded` tells of.
pub fn emergency(folded: &str) -> Option<Emergency> {
    static RULES: OnceLock<Option<Rules>> = OnceLock::new();
    RULES.get_or_init(|| Rules::compile(&PATTERNS)).as_ref()?.emergency(folded)
}

/// What the names in the patterns stand for; later ones may not use earlier ones.
const WORDS: &[(&str, &str)] = &[
    // Before what they are made of.
    (
        "SUBJECT",
        "(?:(?:a|an|the|my|our|one|two|three|some|his|her)? ?WHO(?: (?:in|on|at|from|of|by|near|under|with|behind|inside) (?:[^ ]+ ){0,3}[^ ]+?)?)",
    ),
    (
        "WHO",
        "(?:he|hes|she|shes|i|im|ive|we|weve|were|someone|someones|somebody|somebodys|man|men|woman|women|guy|guys|person|people|colleague|colleagues|coworker|coworkers|co worker|workmate|mate|partner|foreman|bloke|lad|fellow|dude|buddy|friend|worker|workers|operator|operators|technician|technicians|tech|techs|electrician|fitter|mechanic|welder|driver|apprentice|trainee|intern|contractor|visitor|crew|boss|supervisor|engineer|rigger|climber|helper|cleaner|janitor|victim|casualty|kid|child|boy|girl|of us|of them|everyone|everybody|john|tom|dave|david|steve|mike|michael|joe|jim|paul|peter|chris|alex|dan|ben|sam|kevin|brian|tony|eric|andy|anna|sarah|lisa|maria|juan|jose|carlos|luis|pedro|miguel|ahmed|ali|wang|zhang|chen)",
    ),
    (
        "BE",
        "(?: (?:is|are|was|were|am|s|got|gets|get|getting|has|have|had|been|being|just|now|badly|really|seriously|severely|still|lying|right|already|all|so|too|uh|um|the|and))*",
    ),
    (
        "OWNER",
        "(?:my|his|her|their|our|someones|somebodys|(?:the |an )?operators|guys|mans|workers|colleagues|mates|coworkers|persons)",
    ),
    (
        "BODY",
        "(?:hand|hands|arm|arms|finger|fingers|fingertip|thumb|leg|legs|foot|feet|toe|toes|head|hair|sleeve|glove|jacket|scarf|clothes|clothing|overalls|ponytail|eye|eyes|face|neck|chest|back|shoulder|ankle|knee|wrist|skin|body|ear|mouth)",
    ),
    (
        "GASES",
        "(?:gas|natural gas|propane|butane|lpg|methane|ammonia|amonia|chlorine|hydrogen|h2s|h two s|h2 s|h 2 s|h to s|carbon monoxide|biogas|acetylene|sour gas|phosgene)",
    ),
    (
        "CAUSTIC",
        "(?:acid|acids|caustic|lye|chemical|chemicals|chlorine|ammonia|amonia|bleach|hydrofluoric|solvent|molten metal|molten steel|molten aluminium|molten aluminum|electrolyte)",
    ),
    (
        "GRIPS",
        "(?:press|roller|rollers|belt|conveyor|machine|gear|gears|saw|chain|chains|mixer|auger|lathe|spindle|winch|fan|blade|blades|shredder|grinder|drum|sprocket|baler|compactor|cutter|drive|door|gripper|nip|mill|mould|mold|robot)",
    ),
    (
        "STRUCTURE",
        "(?:scaffold|scaffolding|crane|load|roof|tower|rack|racking|ladder|platform|wall|ceiling|trench|stack|building|structure|mast|elevator|lift|hoist|truck|forklift|container|boom|gantry|silo|bridge|gondola|basket)",
    ),
];

const JOINS: &str = " (?:what|how|where|who|when|which) (?:do|does|did|should|can|is|are|to|shall|must|now) | (?:and|but|because|cause|cos|so|says|said|that) (?:i|im|we|he|hes|she|shes|they|someone|somebody|there|theres|its|it|my|his|her|the) | (?:(?:he|she|someone|somebody|there|my [^ ]+|i) (?:is|am|has)|hes|shes|someones|somebodys|theres|im|(?:his|her|my) (?:arms?|hands?|fingers?|legs?|hair|head|foot|feet) (?:is|are|s|got)|(?:he|she|it|i) (?:cant|isnt)) ";

/// Things and papers that carry a dangerous word in their name.
const COMPOUNDS: &str = concat!(
    " (?:fire|smoke|heat|flame|gas|leak|co|h2s|explosion) (?:extinguisher|extinguishers|door|doors|damper|dampers|box|drill|drills|pump|pumps|hose|blanket|watch|permit|rating|class|exit|point|tube|brick|bricks|wall|sprinkler|code|codes|hydrant|suppression|panel|system|station|test|tests|tester|testing|proof|proofing|vent|vents|valve|valves|spring|springs|strut|struts|bottle|meter|line|train|cylinder|regulator|pressure|flow|mask|rate|check|checks|detection|spray|search|scanner|machine|eye|sensor|sensors|side|hazard|hazards|risk|risks|safety|protection|prevention|resistant|retardant|load|escape|ring|fighting|curtain|tight|turbine|engine|burner|boiler|chromatograph|analyser|analyzer) ",
    "| emergency (?:stop|stops|button|buttons|light|lights|lighting|exit|exits|generator|generators|power|release|shutdown|shut|procedure|procedures|brake|brakes|lowering|switch|switches|off|valve|supply|cooling|descent|number|numbers|plan|plans|contact|contacts|drain|shower|showers|battery|mode|circuit|relay|eyewash|drill|manual|operation|spare|repair|repairs|maintenance|order|run|lamp|door|kit|override|handle|oil|pump|call) ",
    "| exploded (?:view|views|drawing|drawings|diagram|diagrams|assembly|parts) ",
    "| (?:for|of|any|against|find|finding|locate|detect|detecting|search) (?:a |any |the )?(?:gas )?leaks? ",
    "| (?:boiler|burner|furnace|kiln|engine) (?:room|house|hall) ",
    "| exhaust (?:duct|ducts|fan|fans|hood|air) | (?:robot|rocker|swing|loader|lifting|operating|control|tool|swivel|lever) arms? | (?:hand|foot|finger|head|arm|leg|body) (?:valve|wheel|guard|bolt|bolts|switch|pump|lever|tool|tools|held|rest|brake|screw|nut|gasket|drill|crank|pedal|rail|shake|hole) ",
    "| first aid (?:kit|kits|box|boxes|drill|course|cabinet|training) | doctor (?:blade|blades|knife) | fire brigade (?:connection|inlet|key|valve|access|panel) | dead (?:wrong|set|on|certain|sure|tired|easy|simple|slow|centre|center|band|head|weight|right|straight|stop|volume|time) | chemical (?:feed|pump|dosing|injection|additive|formula|treatment|cleaner|cleaning|engineer|resistance|anchor|name|data|dosage) | hurt(?:ing)? for | blowout (?:preventer|preventers|panel|disc|plug) | help (?:desk|menu|file|text|page|key|button|screen|line) ",
);

const ASKS: &str = "^ (?:(?:uh|um|so|ok|okay|hey|hello|please|and|well|now|but|tell me|i want to know|i need to know|i wonder|explain|show me|do you know|question|quick question|ok so|cause|because|remind me) )*(?:what|whats|how|hows|why|whys|when|whens|where|wheres|which|who|whos|whose|can|could|should|shall|do|does|did|is|are|was|were|will|would|may|must|has|am|explain|describe|define|list) ";

const UNREAL: &str = " (?:if|in case|case of|unless|suppose|supposing|imagine|imagining|pretend|would|could|might|may|prevent|prevents|prevention|avoid|avoids|risk of|danger of|in the event|procedure|procedures|a drill|this is a drill|drill is|drill starts|exercise|training|trained|simulate|simulated|simulates|simulation|practice|for example|mean|means|meaning|called|warning label|sign|label|what to do|how to|must|never|should|shall|want to know|wondering|in theory|yesterday|last (?:week|month|year|night|shift|time|summer|winter|spring|autumn|fall|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|ago|in (?:19|20)[0-9]{2}|in (?:january|february|march|april|june|july|august|september|october|november|december)|back then|years before|previously|once|history|the report|incident report|accident report|report of|a report|investigation|was fixed|was repaired|got fixed|fixed|repaired|earlier this year|the other day|used to|insurance|risk assessment|toolbox talk|lesson|scenario|hypothetical|hypothetically|every month|every week|inspection|false alarm|false alarms|all clear|nuisance|calibrate|calibrated|calibration|calibrating|bump test|low battery|joke|movie|song|game|film|novel|novels|series|video) ";

const HABIT: &str = " (?:when|whenever|while|during|after|at first|every time|each time|sometimes|always|often|usually|normally|at startup|on startup|at start up|occasionally|a bit|a little|slightly|keeps|tends|intermittently|cold start|from time to time|now and then|under load|at idle|when cold|once in a while) ";

const CALMS: &str = " (?:under control|extinguished|just kidding|cook|cooking|cooks|barbecue|bbq|grill|grilling|campfire|camping|camper|campers|candle|candles|cigarette|cigarettes|smoker|smokers|fireplace|fireworks|bonfire|pizza|is out now|fire is out|fire (?:[^ ]+ ){0,3}is out|flame is out|flames? (?:goes|went|go) out|pilot|sight glass|peephole|burner|burners|igniter|ignitor|combustion|flue|stack|chimney|tailpipe|muffler|exhaust gas|exhaust|diesel|smoke machine|fog machine|(?:engine|it) (?:blows|blow|burns|makes|puffs) (?:[^ ]+ )?smoke|soldering|refractory) ";

const DENIES: &str = " (?:no|not|isnt|arent|wasnt|never|without|nobody|no one|nothing|neither|none|dont|doesnt|cant|cannot|didnt)(?: [^ ]+){0,2}$";

const CRIES: &str = "^ (?:(?:help|emergency|please|quick|quickly|hurry|uh|um|oh god|oh my god) )*(?:help|emergency)(?: (?:please|quick|quickly|now|me|us|him|her|hurry))* $";

const SIGNS: &[(Emergency, &str)] = &[
    // Calls.
    (
        Emergency::Call,
        " (?:call|phone|ring|dial|get an|get a|get (?:us|me|him|her) an|get (?:us|me|him|her) a) (?:me |us |him |her |somebody |for )?(?:an |the |a )?(?:ambulance|fire brigade|fire department|firefighters|911|112|999|nine one one|nine nine nine|one one two|doctor|medic|medics|paramedic|paramedics|emergency services|rescue|first aider|police) ",
    ),
    (
        Emergency::Call,
        " (?:we|i) (?:need|want|require) (?:an |a |the |some )?(?:ambulance|doctor|medic|medics|paramedic|paramedics|rescue|first aid|first aider|fire brigade|fire department|firefighters|medical help|medical attention|medical assistance|medevac|rescue team|emergency services|help now|help up here|help right now|urgent help|immediate help|evacuation) ",
    ),
    (
        Emergency::Call,
        " (?:ambulance|medic|medics|paramedics|doctor|first aid|first aider|rescue|fire brigade) (?:is |are )?(?:needed|required) | send (?:us |me )?(?:an |the |a )?(?:help|ambulance|medic|medics|doctor|fire brigade|rescue|somebody|someone) ",
    ),
    (Emergency::Call, " (?:mayday|may day|sos) | man overboard "),
    (
        Emergency::Call,
        " (?:this is|its|it is|we have|weve got|we got|i have|declaring) (?:an |a )?(?:[^ ]+ )?emergency ",
    ),
    (
        Emergency::Call,
        "^ (?:emergency|help) (?:emergency|help) | (?:somebody|someone|anybody|anyone|please) help (?:us|him|her|them|now|quick|me|me please|please)(?: here| up here| now| out)* $| help (?:us|him|her)(?: here| up here| now| out| please)* $| medical emergency ",
    ),
    (
        Emergency::Call,
        " (?:everybody|everyone|all of you) (?:get |is getting )?out (?:$|now|of here|of there) ?|^ (?:get out|evacuate|run)(?: (?:now|get out|run|evacuate|everybody|everyone))* $| get (?:everybody|everyone) out (?:$|now|of (?:here|there|the (?:building|hall|room|area|nacelle|tank|pit|tower|tunnel|house|plant))) ",
    ),
    // Persons.
    (
        Emergency::Person,
        " (?:man|men|woman|person|worker|operator|one|guy|climber|technician|colleague) down(?: (?:man|at|in|on|by|near|here|i|we)[^|]*)? $",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:unconscious|unconcious|inconscious|un conscious|fainted|blacked out|out cold|lifeless|knocked out|collapsed|electrocuted|electricuted|electrecuted|suffocating|drowning|unresponsive|convulsing|not breathing|not moving|not responding|not conscious|no pulse|stopped breathing|shocked|shock|a shock|an electric shock|electric shock|(?:a|an|having a|having an) (?:heart attack|stroke|seizure)|heart attack) ",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:burning|burned|burnt) (?:(?:badly|bad|alive|everywhere|all over|by|at|his|her|help|here|and) |$)",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:bleeding|bleedin|choking|dying|dead|passed out|pass out|hurt) (?:(?:from|badly|heavily|bad|a lot|out|and|at|in|on|his|her|everywhere|real|help|we|profusely|under|to death|please|inside|near|by|next to|behind|here|cold|all over|alive|like hell|hurry|call) |$)",
    ),
    (
        Emergency::Person,
        " lost (?:so |too )?(?:a lot of |much |lots of )blood | (?:blood|lots of blood) (?:is )?(?:everywhere|all over|gushing|spurting|pouring) | so much blood | (?:an|the|his|her|my) artery | chest pains? | (?:an?|one|two|three|four|several|some|we have|have) (?:badly |seriously |severely )?(?:injured|wounded|unconscious|trapped|electrocuted) (?:person|people|man|men|worker|workers|operator|colleague|guy|technician|employee|climber|driver) |^ (?:injured|wounded|unconscious|trapped) (?:person|man|worker|operator|colleague|guy|technician|driver) | (?:casualty|casualties|fatality) (?:at|in|on|here|by|near) ",
    ),
    (
        Emergency::Person,
        " (?:theres|there is|got|have|see|there are) (?:a |an |some |still |two |three )*(?:person|man|worker|someone|somebody|people|guy|child|kid|woman|operator|colleague)s? (?:is |are |lying |still |stuck |caught )*(?:under|inside|between|in|beneath) (?:the |a )?(?:GRIPS|forklift|truck|load|rubble|water|pit|tank|fire|smoke|car|train|crane|wagon|lift|silo|hopper|bin|well|shaft) ",
    ),
    (
        Emergency::Person,
        " (?:is|isnt|hes|shes|not) (?:not )?breathing (?:any|anymore)?|^ not breathing | no pulse | stopped breathing | heart attack ",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:does not|doesnt|do not|dont|wont|cant|cannot|can not|can hardly|can barely|hardly|barely|is not|isnt|aint|not) (?:breathe|breath|breathing|breeding|move|moving|wake up|respond|responding|answer|answering|feel (?:my|his|her)|let go|see anything|get out|stop bleeding) ",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:trapped|traped|trapt|trapd|trap|pinned|pined|crushed|squashed|buried|hurt|injured|wounded|impaled|scalded|run over|stabbed|overcome|dangling) (?:(?:in|inside|between|under|underneath|beneath|behind|by|below|at|on|against|up|down|and|with|here|there|badly|help|we|i|its|now|seriously|real|bad|send|from|it|please|hurry) |$)",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:hanging in (?:his|her|the) harness|hanging (?:from|off) the|dangling (?:from|off|in)) ",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:burned|burnt|hit by|struck by|hit on|pulled|pull|dragged|sucked|drawn|sprayed|splashed) (?:(?:in|into|by|on|under|with|badly|his|her|my) )",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:stuck|caught|cot|court|jammed|wedged|locked) (?:(?:in|inside|between|under|underneath|behind|up here|up there|up on|up in the|up at|on top|below|down|into) ?(?:there|here|(?:the|a|an|that|his|her|this|my)? ?[^ ]*)) ",
    ),
    (
        Emergency::Person,
        " (?:he|hes|she|shes|someone|someones|somebody|somebodys|guy|man|worker|operator|colleague)BE (?:stuck|caught|cot|court|trap|trapped) $",
    ),
    (
        Emergency::Person,
        " SUBJECTBE (?:fell|fallen|fall|falling|slipped|thrown)(?: down)? (?:off|from|into|through|out of|over the|overboard|in the|in a|to the ground|down) |^ (?:he|she|someone|somebody|a man|a guy|the guy) (?:has |just )*fell $",
    ),
    (
        Emergency::Person,
        " OWNER BODYBE (?:caught|cot|court|trapped|traped|trap|stuck (?:in|inside|between|under|underneath|behind|here|there|help|and|stop|[^ ]+ roller|$)|crushed|pinned|pulled|pull|jammed|squeezed|bleeding|burned|burnt|burning|on fire|broken|gone|cut|cut off|severed|torn|wrapped|sucked|wound|smashed|sliced|numb|ripped) ",
    ),
    (
        Emergency::Person,
        " OWNER BODY(?: (?:is|are|s|got|went))* (?:in|into|under|between) (?:(?:the |a |that )?GRIPS|it) ",
    ),
    (
        Emergency::Person,
        " (?:caught|cut|cut off|lost|broke|burned|burnt|smashed|trapped|severed|crushed|sliced|chopped off|pinned|ripped off|tore off|stuck|hurt|injured|scalded|pierced) (?:off )?(?:OWNER|a|two|three|off) (?:[^ ]+ )?BODY ",
    ),
    (
        Emergency::Person,
        " (?:got|has|have|had|pulled|caught|wrapped|getting) (?:[^ ]+ )?OWNER (?:[^ ]+ )?BODY (?:caught|trapped|stuck|in|into|wrapped|crushed|under|between|pulled|jammed) ",
    ),
    (
        Emergency::Person,
        " CAUSTIC (?:[^ ]+ ){0,5}(?:in|into|on|onto|over) (?:OWNER|the) BODY | (?:steam|oil|water|coolant|fluid|metal|glass|grease|diesel|something) (?:[^ ]+ ){0,5}(?:sprayed|splashed|squirted|shot|injected|blew|burst|went|hit|penetrated|flew)(?: [^ ]+){0,5} (?:OWNER|the) (?:BODY) ",
    ),
    (
        Emergency::Person,
        " (?:sprayed|splashed|squirted|shot|injected|blew|poured|spilled|exploded|flew) (?:[^ ]+ ){0,3}(?:in|into|on|over|all over|under) (?:OWNER BODY|the skin|me|him|her|us) ",
    ),
    (
        Emergency::Person,
        " (?:got|gets|has|have|getting|splashed|sprayed|went|squirted|flew|shot|something|i|is) (?:[^ ]+ ){0,4}in(?:to)? OWNER (?:eye|eyes|mouth|lungs) ",
    ),
    (
        Emergency::Person,
        " (?:people|men|persons|workers|guys|of us|of them|colleagues) (?:are |is |got |were )?(?:burned|burnt|hurt|injured|down|missing|trapped|unconscious|dead) (?:and |in |at |here |$)",
    ),
    (
        Emergency::Person,
        " (?:ran over|run over|fell on|dropped on|landed on|rolled over|burning|crushing) (?:me|him|her|us|them|someone|somebody|OWNER BODY|(?:a|the|my|our) (?:[^ ]+ )?(?:worker|operator|colleague|man|guy|technician)) | (?:burned|burnt|scalded|hit|struck|crushed|killed|electrocuted|pulled|dragged|bit|shocked|pinned) (?:me|him|us|someone|somebody|OWNER BODY) (?:in |into |under |down |badly |all |and |now |bad |so |against )*(?:$|[^ ]+ )",
    ),
    (
        Emergency::Person,
        " (?:im|i am|hes|he is|shes|she is|i got|he got|she got) (?:badly |all )?(?:burned|burnt|hurt|injured) $| air is running out ",
    ),
    (
        Emergency::Person,
        " (?:people|everybody|everyone|we|two of us|all of us|crew|workers|guys|operators|men) (?:is |are |feel |feels |have |has |were |all |getting )*(?:coughing|dizzy|sick|fainting|nauseous|vomiting|a headache|headache|headaches|hurt|injured|trapped|choking|screaming|dying|cant breathe) ",
    ),
    (
        Emergency::Person,
        " (?:i|we) (?:feel|am feeling|are feeling) (?:very |really |so |all )?(?:dizzy|faint|nauseous) ",
    ),
    (
        Emergency::Person,
        " (?:inhaled|inhaling|breathed in|breathing in|swallowed) (?:[^ ]+ ){0,3}(?:fumes|gas|smoke|vapou?rs?|acid|solvent|chlorine|ammonia|h2s|caustic) ",
    ),
    (
        Emergency::Person,
        " (?:touched|touching|holding|grabbed) (?:[^ ]+ ){0,3}(?:live|energised|energized) (?:[^ ]+ )?(?:busbar|wire|cable|conductor|bus|terminal|line|part) | stuck to the (?:live|busbar|cable|wire) ",
    ),
    // Fire.
    (
        Emergency::Fire,
        "^ (?:(?:fire|feuer|help|uh|um) )*fire (?:fire |help |get out |everybody |now |here )*$",
    ),
    (
        Emergency::Fire,
        " (?:on|caught|catches|catching|catch|cot|court|taken) (?:fire|fier|fyre) | in flames | ablaze | burst into flames ",
    ),
    (
        Emergency::Fire,
        " (?:there is|theres|there are|theirs|there was just|there|we have|weve got|weve|we got|got|i see|i can see|we see|can see|i got|have|its|it is|see|report|reporting) (?:a |an |the |some |big |huge |open )*(?:[^ ]+ )?(?:fire|fires|fier|fyre|flames|blaze|flame) ",
    ),
    (
        Emergency::Fire,
        "^ (?:(?:uh|um|help|the|a|an|big|small|huge|bad|oil|electrical|electric|grease|cable|engine|motor|battery|chemical|dust|grass|brush|forest|trash|transformer|filter|gas|brush|belt|bearing|cabinet|panel|gearbox) )*fire (?:here )?(?:in|at|on|inside|under|behind|near|by|next to) (?:the|my|our|this|a|pump|cabinet|panel|bay|line|dock|hall|building|unit|room|tank|motor|warehouse|control|switch|section|nacelle|tower|press|cell|station|level|floor) ",
    ),
    (
        Emergency::Fire,
        " (?:big |huge |open |high |and |see |with )*flames (?:are |is |in |from |coming |shooting |out |under |behind |everywhere |around |at |on |all |hurry |near |by |by the |$)",
    ),
    (
        Emergency::Fire,
        " fire (?:is |was |just |has )*(?:spreading|growing|getting bigger|getting worse|getting close|everywhere|out of control|reached) | smoke (?:in|at|on|by|inside|near) (?:the |our |this )?(?:cabinet|panel|room|hall|nacelle|building|battery|switchgear|control|basement|tunnel|warehouse|office|tower|shop|cabin|container|house|server|pump|motor|drive|engine room) ",
    ),
    (
        Emergency::Fire,
        " (?:smoke|smokes|fumes) (?:is |are |s |and |now |its |just |keeps )*(?:coming|comin|pouring|everywhere|filling|rising|billowing|all over|in the|inside|from|out of|is getting|getting|spreading|building|flames) | full of smoke ",
    ),
    (
        Emergency::Fire,
        " (?:there is|theres|i see|we see|i can see|see|lots of|a lot of|thick|heavy|dense|black) (?:[^ ]+ )?smoke ",
    ),
    (
        Emergency::Fire,
        " (?:panel|motor|engine|cabinet|drive|transformer|battery|pack|cable|cables|switchgear|inverter|generator|box|board|room|pump|gearbox|bearing|brake|something|it|its|belt|filter|collector|machine|compressor|oil|insulation|truck|roof|everything|warehouse|hall|container|house|tray|capacitor|charger|fan|dryer|duct|unit|stuff)(?: (?:is|are|s|has|just|now|started|starts|really|already|and|all|swelling|sparking|hissing|arcing|melting))* (?:smoking|smokin|burning up|burning|burnin|on fire|in flames|started burning|burning down|blazing)(?: (?:an|and|in|inside|now|we|its|it|help|badly|up|down|at|on|here|there|everywhere|hurry|under|behind)[^|]*)? $",
    ),
    (
        Emergency::Fire,
        " sparks (?:are |is )?(?:flying|coming|shooting) (?:out of|from) (?:it|the (?:panel|cabinet|switchgear|motor|board|box|transformer|socket|drive|breaker|battery)) ",
    ),
    (
        Emergency::Fire,
        " (?:i|we|can) (?:can )?(?:smell|smells|smelling|spell) (?:[^ ]+ ){0,3}(?:burning|burnt|smoke|fire) | smells like (?:something |its )?(?:burning|smoke|fire) ",
    ),
    // Gas.
    (
        Emergency::Gas,
        " (?:i|we|can|all) (?:can )?(?:smell|smells|smelling|spell|mell) (?:[^ ]+ ){0,3}(?:GASES|guess|sulfur|sulphur|rotten eggs?|solvent|chemicals|petrol|gasoline|fumes) ",
    ),
    (
        Emergency::Gas,
        " it (?:really |still )?smells (?:[^ ]+ )?(?:of|like) (?:GASES|rotten eggs?) |^ (?:uh |um )*smell(?:s|ing)?(?: of| like)? GASES | (?:strong|bad|heavy|big|intense) (?:[^ ]+ )?smell of (?:GASES|rotten eggs?|solvent|fuel|petrol) | (?:theres|there is|there) (?:a |an )?(?:[^ ]+ )?(?:smell of GASES|GASES smell) | GASES smell (?:in|at|near|here|is|getting|everywhere|by) ",
    ),
    (
        Emergency::Gas,
        " GASES (?:is |are |s |just |now )*(?:leaking|escaping|blowing out|coming out|hissing|pouring|venting out|filling|spreading|leaking out|streaming) | (?:leaking|escaping|venting) GASES ",
    ),
    (
        Emergency::Gas,
        " GASES (?:leak|leakage|leek|release|cloud) | (?:room|building|nacelle|cabin|hall|house|pit|shop|container|tunnel|office|basement|space|place|area|station) (?:is |s |gets |getting |keeps )*(?:filling|filled|full)(?: up)? (?:with|of) (?:GASES|fumes|vapou?r|smoke) | (?:there is|theres|there) (?:so much |a lot of |lots of )?GASES (?:$|(?:everywhere|here|all over|coming|in the (?:room|air|building|house|nacelle|hall|cabin|pit|tunnel|office)) )| GASES (?:is )?everywhere ",
    ),
    (
        Emergency::Explosion,
        " (?:have|had|theres|there is|its|is) a blow ?out | well (?:is |s )?(?:blowing out|blew out|flowing uncontrolled) ",
    ),
    (
        Emergency::Gas,
        " (?:gas|co|h2s|h two s|h2 s|h 2 s|h to s|carbon monoxide|ammonia|amonia|fire|smoke|chlorine|oxygen) (?:alarm|alarms|detector|detectors|monitor|elarm|alert)(?: (?:is|are|s|has|just|now))* (?:going off|sounding|ringing|screaming|blaring|howling|wailing|alarming|went off|gone off|activated) ",
    ),
    // Explosions and what is about to go.
    (
        Emergency::Explosion,
        " (?:there has been|theres been|there was|there is|theres|we had|weve had|just had|had|heard|was|big|huge|an) (?:a |an |just )*(?:[^ ]+ )?explosion ",
    ),
    (
        Emergency::Explosion,
        " (?:just|has|have|had|s) (?:exploded|blown up|ruptured|detonated) |^ (?:[^ ]+ ){1,5}exploded (?:in |at |and |with |near |next |$)| (?:exploded|blew up|blown up|burst) (?:and |with |near |in front )*(?:[^ ]+ )?(?:people|someone|somebody|he|she|us|me|help|fire|hurt|everywhere|there are)",
    ),
    (
        Emergency::Explosion,
        " (?:just|has|have|s) (?:blew|blow|blown|burst|bursted|blew up)(?: up)? (?:and|with)? ?(?:[^ ]+ )?(?:hurt|people|fire|injured|debris|glass) | (?:boiler|vessel|tank|receiver|cylinder|bottle|transformer|reactor|silo|drum)(?: (?:has|just|s|have))* (?:exploded|blew up|blown up|burst open|ruptured) ",
    ),
    (
        Emergency::Explosion,
        " (?:is|are|its|s|am)(?: just)? (?:about to|going to|gonna) (?:explode|burst|blow up|go up|rupture|collapse|fall|tip|tip over|crash|come down|catch fire|give way) | (?:is|are|its|s)(?: just)? (?:about to|going to|gonna) blow $| (?:there was|theres been|had|just had|was) (?:a|an) (?:[^ ]+ )?arc flash |^ arc flash (?:in|at|on|just|we) ",
    ),
    // Dangerous liquids.
    (
        Emergency::Chemical,
        " CAUSTIC (?:[^ ]+ ){0,3}(?:all over|everywhere|spill|spilled|spilling|spilt|pouring|running out|running towards|running into|leaking|gushing|spraying|flooding|flowing|leak) | (?:spill|leak|puddle) of CAUSTIC | spilled (?:[^ ]+ ){0,2}CAUSTIC ",
    ),
    (
        Emergency::Chemical,
        " (?:pouring|spraying|gushing|raining|flowing|running|spilling) (?:[^ ]+ ){0,3}(?:on|onto|over) (?:the |some |our )?(?:people|workers|crew|us|him|them|me|everyone) ",
    ),
    // What falls, tips or runs away.
    (
        Emergency::Collapse,
        " STRUCTURE(?: (?:is|are|s|has|have|just|now|all|slowly|starting to|about to|started|gonna|going to))* (?:collapsing|collapse|collapsed|tipping|tip|tipping over|tipped over|overturned|overturning|giving way|caving in|caved in|toppling|toppled|falling|fallen|fall|fell|coming loose|coming down on)(?: (?:over|down|with|on|onto|off|and|apart|in|now|to|towards|everybody|get|from)[^|]*)? $",
    ),
    (
        Emergency::Collapse,
        " (?:coming|came|falling|fell|dropping|crashing|sliding) (?:[^ ]+ )?(?:down )?(?:on|onto|towards|at) (?:the |our )?(?:people|workers|crew|us|him|them|me|everyone|guys|men) ",
    ),
    (
        Emergency::Collapse,
        " (?:roof|ceiling|wall|scaffold|scaffolding|tower|building|rack|mast|trench)(?: (?:is|s|just))* (?:coming|came) down ",
    ),
    (
        Emergency::Collapse,
        " (?:rotor|turbine|flywheel)(?: (?:is|s))* (?:overspeeding|running away)(?: [^ ]+){0,4} (?:stop|brake) ",
    ),
    (
        Emergency::Collapse,
        " (?:reaction|crane|load|rotor|turbine|truck|forklift|winch|hoist|lift|elevator|trolley|reactor|agv|vehicle)(?: (?:is|s|has|are|just|now))* (?:swinging )?(?:running away|out of control|run away|runaway|free falling|rolling away|wont stop) ",
    ),
];

const PATTERNS: Patterns<'_> = Patterns {
    words: WORDS,
    joins: JOINS,
    compounds: COMPOUNDS,
    asks: ASKS,
    unreal: UNREAL,
    habit: HABIT,
    calms: CALMS,
    denies: DENIES,
    negates: " (?:no|not|nothing|without|isnt|arent) ",
    signs: SIGNS,
    cries: CRIES,
};

#[cfg(test)]
mod tests {
    #[test]
    fn the_patterns_compile() {
        assert!(super::Rules::compile(&super::PATTERNS).is_some());
    }
}
