//! Requests to defeat a protection, English and Spanish: a verb of defeating that acts on a
//! thing that protects.

use std::sync::OnceLock;

use regex::Regex;

use super::rules::compile;

/// What one language says.
struct Patterns {
    /// Parts that ask why not, forbid, or undo it.
    keeps: Regex,
    asks: Vec<Regex>,
}

const WORDS: &[(&str, &str)] = &[
    // Things whose only work is to protect people or the machine.
    (
        "PROTECTION",
        "(?:(?:[^ ]+ )?(?:interlock|interlocks|interlocking|light curtain|light curtains|lightcurtain|e stop|estop|e stops|emergency stop|emergency stops|emergency off|deadman|dead mans|dead man|two hand|twohand|two handed|anti two block|safeties|laser scanner|safety) ?(?:switch|switches|relay|relays|circuit|circuits|gate|gates|door|doors|chain|loop|controller|plc|scanner|mat|mats|edge|edges|sensor|sensors|system|systems|device|devices|valve|valves|output|outputs|input|inputs|guard|guards|guarding|button|control|controls|contact|contacts|function|functions|brake|trip|limit|handle|bar|lock|features?|signal)?|(?:door|gate|guard|guards|cover|hood|seat|pull cord|pullcord|rope|limit|upper limit|hoist limit|overtravel|enabling|tilt|slack rope|presence|lid|pedal) (?:switch|switches|sensor|sensors|contact|contacts|interlock|lock|locks|circuit)|guard locking|pull cord|gas detector(?: trip)?|gas trip|flame (?:detector|sensor|scanner|guard|safeguard|eye|rod)|low water cut ?off|low water cutout|overspeed(?: trip| switch| protection)?|over speed trip|overload protection|high limit(?: switch)?|high pressure (?:switch|cutout)|relief valve|pressure relief|safety valve|rupture disc|ground fault|earth leakage|rcd|residual current device|load limiter|overload limiter|fire alarm|smoke detector)",
    ),
    (
        "LOCKOUT",
        "(?:lockout|lock out|tagout|tag out|lockout tagout|loto|lock and tag|isolation|isolating|locking out|locking it out|locking and tagging|lock off|locking off|tagging out|the lock and the tag|permit)",
    ),
    (
        "GUARD",
        "(?:guard|guards|guarding|cover|covers|safety cover|shield|hood|gate|safety gate|door|fence|safety door|guard door|belt guard)",
    ),
    // To make it not act, whatever the thing.
    (
        "DEFEAT",
        "(?:bypass|by pass|bypassing|by passing|defeat|defeating|jumper|jumpering|jumper out|jump out|jump|jumping out|bridge|bridging|bridge out|short out|short|shorting|shorting out|shunt|shunting|override|over ride|overriding|cheat|fool|fooling|trick|outsmart|circumvent|circumventing|spoof|get around|get past|get round|work around|go around|wire around|wire out|wire past|disable|disabling|deactivate|deactivating|gag|gagging|tie back|tie down|tying down|tape down|tape over|taping over|tape|wedge|wedge open|prop open|hot wire|block off|block|plug|plugging|knock out|take out of the circuit|neutralise|neutralize|suppress|kill|skip|ignore|force|hold down|hold in|strap down|zip tie|weld shut|screw shut|turn off|switch off|turning off|switching off|shut off|mute|silence|pull the fuse of)",
    ),
    (
        "RUN",
        "(?:run|running|runs|operate|operating|start|starting|jog|work|working|use|using|drive|produce|producing|cut|cutting|keep going|keep running|keep it running|go on|carry on|turn it on|cycle|reach in|weld|grind|service|clean|cleaning)",
    ),
];

const ENGLISH_KEEPS: &str = concat!(
    " why (?:must|may|can|should|do|does|is|are|am|cant|shouldnt|mustnt|not|would)(?: [^ ]+){0,3} (?:not|never|forbidden|dangerous|prohibited|illegal|bad)",
    "| why (?:cant|shouldnt|mustnt|not) | (?:never|do not|dont|must not|mustnt|may not|shall not|not allowed to|forbidden to|prohibited to|refuse to|nobody may) (?:[^ ]+ )?DEFEAT ",
    "| (?:was|were|is|has been|have been|had been|been|got|are) (?:bypassed|jumpered|defeated|overridden|disabled|bridged|shorted|blocked|forced|taped)",
    "| (?:has|have|had|someone|somebody|nobody|anyone|who) (?:[^ ]+ )?(?:bypassed|jumpered|defeated|overridden|disabled|bridged|shorted|blocked) ",
    "| (?:remove|take|get|undo|find|detect|cancel) (?:the |a |any |this |that |out )*(?:jumper|jumpers|bypass|bridge|override|wedge|tape) (?:from|off|out|on|that|which|in|at)",
    "| (?:prevent|detect|avoid|against|check that|check whether|make sure|report) (?:[^ ]+ ){0,4}(?:bypass|bypassing|bypassed|defeat|defeating|tampering)",
    "| bypassed (?:mean|means|message|alarm|lamp|warning)| interlock bypassed | override (?:knob|percent|percentage|active|lamp|message) ",
);

const ENGLISH: &[&str] = &[
    // Verb, then what protects.
    " DEFEAT (?:out |off |down |over |past |around |across |of |on |with |in )*(?:the |a |an |my |that |this |those |these |its |our |all |both |some |any |old |damn |stupid |main |rear |front |left |right )*(?:[^ |]+ ){0,2}PROTECTION ",
    " DEFEAT (?:[^ ]+ ){1,4}(?:of|in|on|to) (?:the |a |my |its )PROTECTION ",
    // What protects, then "be bypassed", or "I bridge it".
    " PROTECTION (?:on the [^ ]+ |of the [^ ]+ )?(?:be |get )(?:bypassed|jumpered|defeated|overridden|disabled|bridged|shorted|skipped|left out|turned off|switched off|tied|fooled|cheated)",
    " PROTECTION(?: [^ ]+){0,6} \\|? ?(?:[^|]* )?(?:how|can|could|may|where|let|want|is there)(?: [^ ]+){0,5} (?:bypass|defeat|jumper|bridge|short|override|cheat|fool|trick|circumvent|disable|shunt|get around|skip|wire out|wire around|deactivate|tape|tie) (?:it|them|that|this|out|off)? ?(?:\\||$|so|to|for|while|until|[^ ]+ )",
    // A way round.
    " (?:get|getting|go|way|wire|trick|jumper|jumpers|wires|bridge|work) (?:[^ ]+ )?(?:around|past|round|across|over) (?:the |this |that |a |an |its )*PROTECTION ",
    " (?:magnet|tape|wedge|screw|stick|zip tie|cable tie|wire|jumper|spare key|actuator|key|spare actuator|coin|paper clip) (?:[^ ]+ ){0,4}(?:on|in|into|over|across|to|for|around|at) (?:[^ ]+ )?PROTECTION ",
    " PROTECTION (?:[^ ]+ ){0,6}(?:thinks?|think it|believes?|stays made|stays closed|stays open|runs all the time|keeps running) ",
    // Lockout left out.
    " (?:skip|skipping|leave out|leaving out|omit|forget|bypass|avoid|ignore|do without|get away without|not bother with|miss out|drop) (?:[^ ]+ ){0,2}LOCKOUT ",
    " (?:without|with no|instead of) (?:[^ ]+ ){0,2}(?:LOCKOUT|locking(?: [^ ]+)? out|lock|locks|isolating|switching (?:it |the [^ ]+ )?off|turning (?:it |the [^ ]+ )?off|stopping|stopping (?:it|the [^ ]+)|shutting (?:it |the [^ ]+ )?(?:off|down)|de ?energi[sz]ing|powering (?:it )?down) ",
    " (?:cut|cutting|saw|break|breaking|take|remove|bolt cutter) (?:off |open |through )?(?:[^ ]+ )?(?:somebody elses|someone elses|his|her|another|other|anothers|the other) (?:[^ ]+ )?(?:lock|locks|lockout|padlock|tag) ",
    " need (?:the |a |to )?LOCKOUT (?:or can i|or can we|or may i) ",
    // Guards off, doors open, hands in.
    " RUN (?:[^ ]+ ){0,5}(?:without|with no) (?:the |a |any |its )*(?:safety )?GUARD ",
    " RUN (?:[^ ]+ ){0,5}with (?:the |its |a )?(?:safety )?GUARD (?:open|off|removed|up|down|missing|out|away|disabled) ",
    " (?:leave|keep|leaving|keeping) (?:[^ ]+ )?(?:safety )?GUARD (?:off|out|open|away) ",
    " (?:remove|removing|take off|taking off|take|open|opening|lift|disconnect|disconnecting|unplug|unplugging|detach) (?:[^ ]+ ){0,3}(?:GUARD|PROTECTION) (?:[^ ]+ ){0,3}(?:while (?:it|the [^ ]+) (?:is running|runs|turns|is turning|is on)|without stopping|to save time|so (?:it|the [^ ]+|that it|i|we) (?:runs?|keeps?|can|stops?)|and (?:run|keep running|keep going)|permanently|for good|and still run) ",
    " (?:clear|clean|reach|grease|lubricate|adjust|unjam|remove|wipe|pull|fix|free|change|replace|stick|put|measure|tighten)(?: [^ ]+){0,6} (?:while|with) (?:the |it |its |that )*(?:[^ ]+ )?(?:is |are |still )*(?:running|turning|moving|rotating|in motion|energi[sz]ed|live|under pressure|pressuri[sz]ed) ",
    // A fuse that cannot blow, a valve that cannot open.
    " (?:bigger|larger|stronger|higher) fuse (?:[^ ]+ ){0,8}(?:instead|stops? blowing|doesnt blow|does not blow|keeps? blowing|wire|nail|foil) | (?:wire|nail|foil|penny|coin|bolt) (?:[^ ]+ ){0,4}(?:in place of|instead of|as|for) (?:the |a )?fuse ",
];

const SPANISH_KEEPS: &str = " por que no (?:debo|se debe|puedo|se puede|hay)| (?:nunca|no se debe|no debe|prohibido|esta prohibido) | (?:fue|ha sido|esta|estaba) (?:puenteado|puenteada|anulado|anulada) | (?:quitar|retirar) (?:el|un) puente | valvula de bypass | detectar ";

const SPANISH: &[&str] = &[
    " (?:puentear|puenteo|puenteamos|puentea|saltar|saltarme|saltarse|saltarnos|salto|me salto|anular|anulo|anulamos|desactivar|desactivo|desactivamos|inhabilitar|inhabilito|deshabilitar|deshabilito|burlar|burlo|enganar|engano|omitir|omito|bypassear|bypaseo|trampear|trampeo|eliminar|evitar|esquivar|forzar|fuerzo|bloquear|trabar|trabo|ignorar|ignoro|cortocircuitar) (?:[^ ]+ ){0,2}?(?:interruptor|interruptores|microrruptor|microinterruptor|final de carrera|sensor|rele|contacto|enclavamiento|enclavamientos|bloqueo|etiquetado|candado|resguardo|resguardos|guarda|proteccion|protecciones|parada de emergencia|paro de emergencia|seta|cortina|barrera|scanner|seguridad|mando a dos manos|valvula de seguridad|hombre muerto|limitador|detector de (?:gas|llama))(?: (?:de |del |de la |la |las )*(?:seguridad|puerta|puertas|guarda|resguardo|luz|emergencia|carga|y))*(?: |\\|)",
    " (?:trabajar|funcionar|operar|arrancar|usar|marchar|producir|seguir) (?:[^ ]+ ){0,4}sin (?:el |la |los |las )?(?:resguardo|resguardos|guarda|guardas|proteccion|protecciones|bloqueo|bloquear|candado|cubierta|tapa) ",
    " (?:con la|con) (?:maquina|cinta|prensa|sierra) (?:en marcha|funcionando|andando|encendida) | sin (?:parar|apagar|desconectar|cortar|bloquear|consignar) ",
    " (?:con la|con el) (?:puerta|resguardo|guarda|tapa) (?:abierta|abierto|quitada|quitado) ",
];

fn patterns(keeps: &str, asks: &[&str]) -> Option<Patterns> {
    let asks = asks.iter().map(|p| compile(p, WORDS)).collect::<Option<Vec<_>>>()?;
    Some(Patterns { keeps: compile(keeps, WORDS)?, asks })
}

impl Patterns {
    fn is_in(&self, folded: &str) -> bool {
        !self.keeps.is_match(folded) && self.asks.iter().any(|p| p.is_match(folded))
    }
}

/// `text` without verbs of defeating, of all languages, and without what only asks.
pub fn without_verbs(text: &str) -> String {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    let verbs = CELL.get_or_init(|| {
        compile(
            r"(?i)\b(?:how (?:do|can|could|to)|can|could|may|i|we|you|want|tell me|is there a way|is it ok(?:ay)?|just|please|DEFEAT|without|puente\w*|anul\w*|desactiv\w*|salt\w*|inhabilit\w*|deshabilit\w*|burl\w*|engañ\w*|omit\w*|c[oó]mo|puedo|se puede|sin)\b|[?¿!¡]|短接|短路掉|跨接|旁路|屏蔽|绕过|跳过|强制|忽略|省略|取消|解除|禁用|怎么|如何|可以|能不能|吗|？|！",
            WORDS,
        )
    });
    let Some(verbs) = verbs.as_ref() else { return text.to_owned() };
    let bare = verbs.replace_all(text, " ");
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Does an English text ask how to defeat a protection?
pub fn english(folded: &str) -> bool {
    static CELL: OnceLock<Option<Patterns>> = OnceLock::new();
    CELL.get_or_init(|| patterns(ENGLISH_KEEPS, ENGLISH)).as_ref().is_some_and(|p| p.is_in(folded))
}

/// Does a Spanish text?
pub fn spanish(folded: &str) -> bool {
    static CELL: OnceLock<Option<Patterns>> = OnceLock::new();
    CELL.get_or_init(|| patterns(SPANISH_KEEPS, SPANISH)).as_ref().is_some_and(|p| p.is_in(folded))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_patterns_compile() {
        assert!(super::patterns(super::ENGLISH_KEEPS, super::ENGLISH).is_some());
        assert!(super::patterns(super::SPANISH_KEEPS, super::SPANISH).is_some());
    }
}
