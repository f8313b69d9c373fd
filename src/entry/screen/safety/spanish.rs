//! Spanish: what tells of danger now. Accents are folded off before ("está" is "esta").

use std::sync::OnceLock;

use super::Emergency;
use super::rules::{Patterns, Rules};

/// What kind of emergency `folded` tells of.
pub fn emergency(folded: &str) -> Option<Emergency> {
    static RULES: OnceLock<Option<Rules>> = OnceLock::new();
    RULES.get_or_init(|| Rules::compile(&PATTERNS)).as_ref()?.emergency(folded)
}

const WORDS: &[(&str, &str)] = &[
    (
        "BE",
        "(?: (?:se|me|le|lo|la|nos|les|ha|han|he|hemos|habia|esta|estan|estoy|estaba|es|fue|quedo|queda|quedado|quede|sigue|muy|ya|ahi|acaba|de|un|mal|todo|toda))*",
    ),
    (
        "WHO",
        "(?:el|ella|alguien|hombre|mujer|persona|personas|gente|companero|companera|companeros|operario|operaria|operador|operadora|tecnico|trabajador|trabajadores|obrero|electricista|soldador|mecanico|chofer|conductor|ayudante|aprendiz|muchacho|chico|tipo|senor|jefe|uno|dos|tres|colega|juan|jose|carlos|luis|pedro|miguel|maria|ana)",
    ),
    ("OWNER", "(?:mi|su|la|el|los|las|mis|sus|un|una)"),
    (
        "BODY",
        "(?:mano|manos|brazo|brazos|dedo|dedos|pierna|piernas|pie|pies|cabeza|pelo|cabello|manga|guante|ojo|ojos|cara|cuello|pecho|espalda|piel|ropa)",
    ),
    (
        "GASES",
        "(?:gas|gas natural|propano|butano|metano|amoniaco|amoniac|cloro|hidrogeno|monoxido|sulfhidrico)",
    ),
    (
        "CAUSTIC",
        "(?:acido|sosa|lejia|quimico|quimicos|producto quimico|cloro|amoniaco|disolvente|caustica|metal fundido)",
    ),
];

const JOINS: &str = " (?:que (?:hago|hacemos|hay que|debo|se hace)|como (?:hago|puedo|se)|donde esta) | (?:y|pero|porque|dice que) (?:hay|se|me|no|el|ella|esta|estan|alguien|huele|sale|sangra|le|nos|un|una) ";

const COMPOUNDS: &str = concat!(
    " (?:parada|paradas|paro|paros|boton|pulsador|seta|salida|salidas|luz|luces|iluminacion|alumbrado|freno|generador|grupo|interruptor|plan|telefono|numero|ducha|valvula|bomba|descenso|modo|circuito) de emergencia ",
    "| (?:detector|detectores|sensor|sensores|alarma de prueba|prueba|pruebas|ensayo|extintor|extintores|simulacro|puerta|riesgo|peligro|clase|manta|permiso|deteccion|bomba|sistema|muelle|resorte|piston|amortiguador|valvula|presion|caudal|contador|tubo|linea|regulador|tren|botella|bombona) (?:de|contra|del) (?:humo|humos|incendio|incendios|fuego|gas|gases|fuga|fugas|llama) ",
    "| (?:extintor|extintores|detector|detectores|alarma averiada) ",
);

const ASKS: &str = "^ (?:(?:eh|este|bueno|oye|hola|por favor|y|pues|ahora|dime|digame|quiero saber|explica|pregunta) )*(?:que significa|que quiere|que pasa|que hago|que debo|que hay que|que es|que|como|por que|porque|cuando|donde|cual|cuales|cuanto|cuanta|cuantos|cuantas|quien|cada cuanto|puedo|se puede|se debe|debo|es posible|es normal|puede|hay que) ";

const UNREAL: &str = " (?:si|en caso|caso de|simulacro|procedimiento|ejemplo|significa|quiere decir|evitar|prevenir|prevencion|riesgo|podria|puede|puedan|pudiera|nunca|debe|deben|siempre|ayer|la semana pasada|el mes pasado|el ano pasado|anoche|hace (?:un|una|dos|tres|[0-9]+|varios|unos)|el informe|historial|antes de|para que|prueba|ensayo|formacion|en (?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)|en (?:19|20)[0-9]{2}) ";

const HABIT: &str = " (?:cuando|al arrancar|al encender|al principio|a veces|siempre|normalmente|en frio|un poco|de vez en cuando|cada vez) ";

const CALMS: &str = " (?:falsa alarma|bajo control|apagado ya|extinguido|broma|pelicula|cancion|cocinando|cocina|barbacoa|parrilla|asado|hoguera|campamento|acampando|vela|cigarrillo|piloto|mirilla|quemador|escape|chimenea|combustion|calibrar|calibracion) ";

const DENIES: &str = " (?:no|sin|nadie|ningun|ninguna|nunca|tampoco|ni)(?: [^ ]+){0,1}$";

const CRIES: &str = "^ (?:(?:ayuda|auxilio|socorro|emergencia|por favor|rapido|corran|eh) )*(?:ayuda|auxilio|socorro|emergencia)(?: (?:por favor|ayuda|auxilio|socorro|que venga alguien|aqui|rapido|ya))* $";

const SIGNS: &[(Emergency, &str)] = &[
    (
        Emergency::Call,
        " (?:llamen|llama|llamad|llame|avisen|avisa|pidan|necesitamos|necesito|manden|envien) (?:a |al |la |los |un |una )*(?:ambulancia|bomberos|medico|doctor|emergencias|rescate|911|112|061|auxilios|ayuda urgente|ayuda ya) ",
    ),
    (
        Emergency::Call,
        " (?:auxilio auxilio|ayuda ayuda|socorro|auxilio|esto es una emergencia|es una emergencia|tenemos una emergencia|emergencia (?:en|aqui)|evacuen|salgan todos|todos fuera) ",
    ),
    (
        Emergency::Person,
        " (?:WHO|me|nos|se)(?: (?:en|de|del|con|por) (?:[^ ]+ ){1,3}?)?BE (?:atrapado|atrapada|atrapados|atrapo|atrapada|aplastado|aplastada|aplasto|herido|herida|heridos|inconsciente|inconciente|desmayado|desmayada|desmayo|electrocutado|electrocutada|electrocuto|sangrando|sangra|ahogando|asfixiando|enganchado|enganchada|engancho|quemado|golpeado|golpeo|muriendo|infarto|convulsionando) ",
    ),
    (
        Emergency::Person,
        "^ (?:esta|estan|quedo|quedaron) (?:[^ ]+ )?(?:atrapado|atrapada|atrapados|aplastado|herido|herida|heridos|inconsciente|inconciente|desmayado|desmayada|sangrando|electrocutado) ",
    ),
    (
        Emergency::Person,
        " (?:y esta|creo que esta|y estan|dice que esta|estoy|quede|hay alguien|hay un hombre|hay una persona|hay gente) (?:[^ ]+ )?(?:atrapado|atrapada|atrapados|aplastado|herido|herida|heridos|inconsciente|inconciente|desmayado|desmayada|sangrando|electrocutado) ",
    ),
    (
        Emergency::Person,
        " WHO no (?:responde|reacciona|contesta|despierta) | no (?:respira|respiran|se mueve|se mueven|responde nadie|reacciona|podemos respirar|puedo respirar|tiene pulso) ",
    ),
    (
        Emergency::Person,
        " (?:se|me) (?:ha |han |he )?(?:cayo|callo|caido|cai|corto|cortado|corte|pillo|pillado|atrapo|rompio|quemo|quemado|machaco|aplasto|enganchado|engancho) (?:[^ ]+ )?(?:OWNER BODY|(?:de|del|desde|al|por) (?:[^ ]+ )?(?:escalera|torre|andamio|techo|plataforma|foso|gondola|tejado|vacio|agua|altura|poste|camion|grua|mastil|silo|puente|arnes)) ",
    ),
    (
        Emergency::Person,
        " (?:le|me|nos|les) (?:ha |han )?(?:agarro|agarrado|mordio|arranco|arrancado|prenso|engancho|enganchado|atrapo|atrapado|corto|cortado|quemo|quemado|cayo|caido|golpeo|golpeado|exploto|salpico|salpicado|aplasto|aplastado|pillo|pillado|atropello|atropellado) (?:[^ ]+ )*(?:encima|OWNER BODY|carga|acido|maquina|carretilla|pieza) ",
    ),
    (
        Emergency::Person,
        " (?:OWNER )?BODY (?:[^ ]+ )?(?:atrapado|atrapada|atrapados|atrapadas|pillada|enganchada|aplastado|aplastada|quemada|sangrando|en la (?:maquina|prensa|cinta|sierra)) ",
    ),
    (
        Emergency::Person,
        " hay (?:un |una |dos |tres |varios |algunos |muchos )?(?:herido|heridos|herida|heridas|muerto|muertos|accidentado|accidentados|lesionado|lesionados) | (?:hubo|ha habido|tenemos|tuvimos) un accidente | (?:dando|dio|tiene|sufrio|sufriendo) un (?:infarto|ataque) | dolor en el pecho | (?:sangrando|sangra|desangrando) (?:[^ ]+ )?(?:mucho|por|de|bastante) ",
    ),
    (
        Emergency::Person,
        " CAUSTIC (?:[^ ]+ ){0,2}(?:en|sobre) OWNER (?:BODY) | hombre al agua | estamos mareados | todos mareados | nos mareamos ",
    ),
    (Emergency::Fire, "^ (?:fuego|incendio)(?: (?:fuego|incendio|ayuda|aqui|en|el|la|de|[^ ]+))* $"),
    (
        Emergency::Fire,
        " (?:hay|ay|veo|vemos|tenemos|se ve|se ven|salen|sale) (?:[^ ]+ )?(?:fuego|incendio|llamas|llama) ",
    ),
    (
        Emergency::Fire,
        " (?:se esta|se estan|esta|estan|se) (?:quemando|incendiando|prendiendo|ardiendo|incendio|prendio fuego|prende fuego|prendieron) ",
    ),
    (
        Emergency::Fire,
        " (?:en llamas|arde el|arde la|prendio fuego|cogio fuego|agarro fuego|ha prendido|se ha incendiado) ",
    ),
    (
        Emergency::Fire,
        " (?:sale|saliendo|hay|ay|veo|vemos|echa|echando|lleno de|llena de|llenando de|llenandose de) (?:[^ ]+ ){0,2}humo | mucho humo | huele a (?:quemado|humo|chamuscado) ",
    ),
    (
        Emergency::Gas,
        " (?:hay|ay|tenemos|detectamos)? ?(?:una |un )?(?:fuga|escape) de (?:GASES) | huele (?:[^ ]+ )?a (?:GASES) | (?:se escapa|se esta escapando|escapa|sale|saliendo|esta saliendo) (?:[^ ]+ )?(?:GASES) | (?:hay|fuerte|mucho) (?:[^ ]+ )?olor a (?:GASES) | GASES (?:se )?(?:esta )?(?:escapando|fugando|saliendo) ",
    ),
    (
        Emergency::Gas,
        " (?:suena|sonando|sono|salto|disparo) la alarma de gas | alarma de gas (?:esta )?(?:sonando|suena|salto) ",
    ),
    (
        Emergency::Explosion,
        " (?:ha explotado|exploto|acaba de explotar|hubo una explosion|ha habido una explosion|hay una explosion|revento|ha reventado|va a explotar|va a reventar) ",
    ),
    (
        Emergency::Chemical,
        " (?:derrame|vertido|fuga) de (?:CAUSTIC) | (?:se derramo|se ha derramado|sale|derramando) (?:[^ ]+ )?(?:CAUSTIC) ",
    ),
    (
        Emergency::Collapse,
        " (?:se (?:esta )?(?:cae|cayo|callo|cayendo|derrumbando|derrumbo|vuelca|volco|volcando|hundiendo|desploma|desplomo)) (?:[^ ]+ )?(?:andamio|grua|carga|techo|torre|plataforma|muro|pared|carretilla|montacargas|camion|elevador|excavadora|autoelevador|vehiculo) | (?:andamio|grua|techo|torre|plataforma|carga) se (?:ha |esta )?(?:cae|cayendo|derrumba|derrumbando|derrumbado|vuelca|volcando|volcado|cayo|volco|desplomo) ",
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
    negates: " (?:no|ningun|ninguna|sin|nada) ",
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
