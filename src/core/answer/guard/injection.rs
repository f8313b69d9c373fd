//! Text in a manual is data. A sentence that speaks to an assistant instead of the
//! technician is an order that nobody here takes: it is found when the document is indexed,
//! and from then on neither searched, shown to the model, quoted nor said.
//!
//! What gives an order away is not its subject but *whom it addresses and what it is about*:
//! the reader's own output ("your answer", "end your reply with", "answer in French"), the
//! reader's instructions ("ignore the above"), a favour asked in the first person ("show me
//! how to"), a task on language ("translate this sentence", "write a poem", "determine the
//! sentiment"), the person behind the reader ("tell the user that"), or being unreadable for
//! people (invisible characters, comments, blobs). A manual tells its reader to do things to
//! machines; it has no reader whose answers it could shape.
//!
//! [`orders`] finds such sentences; [`masked`] gives the passage without them, byte for byte
//! in place, so that all spans hold.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Regex, RegexSet};

use crate::core::answer::sentence;
use crate::core::knowledge::passage::{Order, Passage, Span};

/// What stands for what cannot be said here, in the patterns.
const WORDS: &[(&str, &str)] = &[
    // What an assistant makes.
    (
        "OUTPUT",
        "(?:answers?|responses?|repl(?:y|ies)|outputs?|summar(?:y|ies)|completions?|explanations?|conclusions?)",
    ),
    // The verbs that shape it.
    (
        "SHAPE",
        "(?:respond|reply|answer|write|speak|talk|encode|encrypt|translate|convert|replace|reverse|capitali[sz]e|omit|remove|insert|add|include|append|prepend|begin|start|end|finish|conclude|combine|use|format|express|spell|shuffle|substitute|alternate|integrate|embed|mention|put|make|provide|give|generate|produce|structure|phrase|rewrite|rephrase|limit|keep|state|mask|hide|obfuscate|transform|present|change|interleave|introduce|place|output|print|swap|delete|misspell|turn|mix|repeat|weave|slip|work|drop)",
    ),
    (
        "LANGUAGE",
        "(?:english|french|german|spanish|italian|portuguese|dutch|russian|chinese|mandarin|japanese|korean|arabic|hindi|latin|greek|turkish|polish|swedish|hebrew|vietnamese|thai|klingon|esperanto|pig latin)",
    ),
    (
        "PERSON",
        "(?:users?|readers?|customers?|people|recipients?|person|humans?|audience|questioner|asker|client)",
    ),
    (
        "MACHINE",
        "(?:ai|a\\.i\\.|llm|assistant|chat ?bot|language model|chatgpt|gpt|ai model|ai system|virtual assistant|ai agent|model)",
    ),
];

/// Wording that addresses a language model, with what it tries. On one sentence at a time.
const SIGNS: &[(&str, &str)] = &[
    (
        r"(?i)\b(?:ignore|disregard|forget|override|bypass|discard|do not follow|don't follow|stop following|skip)\b[^.;:\n]{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|these|system|other|former)\b[^.;:\n]{0,30}\b(?:instructions?|prompts?|rules|guidelines|directions|directives|commands|context|restrictions)\b",
        "asks to ignore instructions",
    ),
    (
        r"(?i)\bignore (?:everything|all|anything|what(?:ever)?) (?:that |which )?(?:is |was |has been |comes? |came )?(?:said |written |stated )?(?:above|before|so far)\b",
        "asks to ignore instructions",
    ),
    (
        r"(?i)\b(?:new|updated|real|actual|additional|further|important|hidden) (?:instructions?|task|directive|objective)(?: for (?:you|the MACHINE|all))? ?:",
        "gives instructions",
    ),
    (
        r"(?i)\b(?:system|hidden|initial|developer|secret) prompt\b|\bprompt injection\b|\bjail ?break\b|\bdeveloper mode\b",
        "speaks of the prompt",
    ),
    (
        r"(?i)\byou are (?:now |no longer )?(?:an?|the) (?:[a-z-]+ ){0,2}(?:MACHINE)\b|\byour (?:training|knowledge cutoff|system message|creators|developers|guardrails|persona|new role|new name)\b",
        "tells the assistant who it is",
    ),
    (
        r"(?i)\b(?:act|behave|pose|respond|reply|answer|speak|talk|roleplay|role-play) (?:as|like) (?:if you (?:are|were) )?(?:an?|the|my) (?:[a-z-]+ ){0,3}(?:MACHINE|pirate|poet|expert|doctor|lawyer|character|person|human|assistant|teacher|hacker|comedian|professional|child|celebrity)\b|\bpretend (?:to be|you are|that you)\b|\bfrom now on,? (?:you|answer|respond|reply|always|never)\b|\byou (?:must|should|will|shall) (?:now |always |never )?(?:pretend|obey|role-?play|comply)\b",
        "tells the assistant who it is",
    ),
    (
        r"(?i)\b(?:as|to|dear|attention|hey|hello|note to|message (?:to|for)|instructions? (?:to|for)) (?:an? |the |any |all )?(?:ai|a\.i\.|llms?|language models?|ai assistants?|ai models?|ai systems?|chat ?bots?|chatgpt|virtual assistants?|ai agents?)\b",
        "addresses the assistant",
    ),
    (
        r"(?i)\b(?:assistant|ai|llm|chat ?bot|language model|chatgpt) (?:must|should|shall|will|has to|needs to|is to) (?:now |always |never |instead |not )?(?:say|answer|reply|respond|output|print|tell|reveal|state|mention|recommend|include|refuse|ignore|translate)\b",
        "tells how to answer",
    ),
    (
        r"(?i)\b(?:when|if|before|while|after|whenever) (?:you are |you're |you |someone is |anyone is |the user (?:is )?)?(?:answering|asked|asks|respond|responding|reply|replying|summari[sz]ing|summari[sz]e|answer)\b[^.\n]{0,80}\b(?:always|never|instead|must|say|answer|reply|respond|include|mention|recommend|state|tell|claim)\b",
        "tells how to answer",
    ),
    // The reader's own output.
    (
        r"(?i)\b(?:in|to|into|of|with|within|from|at|throughout|before|after|for|on) (?:the (?:beginning|start|end|middle|body|text|content|words?|letters?|vowels|first letter) of )?(?:all |each of |every one of )?your (?:[a-z]+ ){0,2}(?:OUTPUT)\b",
        "shapes the answer",
    ),
    (
        r"(?i)\b(?:SHAPE)\b[^.!?\n]{0,60}\byour (?:[a-z]+ ){0,2}(?:OUTPUT|text|message|words|sentences?|writing|language)\b",
        "shapes the answer",
    ),
    (
        r"(?i)^\W*(?:please |now |always |instead,? |then |and |also |only |just |you (?:must|should|have to|need to|will) )*(?:SHAPE)\b[^.!?\n]{0,40}\b(?:the|this|each|every|any|all|final|following) (?:[a-z]+ ){0,1}(?:responses?|repl(?:y|ies)|answers?)(?: (?:in|with|by|into|to|using|as|so that|backwards?|from|that|without)\b|\W*$)",
        "shapes the answer",
    ),
    (
        r"(?i)^\W*(?:please |now |always |instead,? |then |only |just |you (?:must|should|have to|need to|will) )*(?:respond|reply|answer|speak|talk|write|output|express yourself|communicate)\b(?: (?:back|to (?:this|all|any|every|the)[a-z ]{0,24}))? (?:only |solely |entirely |exclusively |everything |all )?(?:in|with|using|as|like|by) (?:only |the |a |an |all )?(?:[a-z]+ ){0,2}(?:LANGUAGE|emojis?|base ?64|base ?32|hex(?:adecimal)?|binary|morse(?: code)?|rot ?13|cipher|json|xml|html|markdown|uppercase|upper case|lower ?case|capital letters?|capitals|all caps|rhymes?|verse|haiku|questions?|slang|code|leet ?speak|words? only|one word|a single word|symbols|numbers only|bullet points?|style|tone|accent|manner|persona|alphabet|reverse|backwards)\b",
        "shapes the answer",
    ),
    (
        r"(?i)\b(?:answer|reply|respond|say|output) (?:only|nothing but|just|always|simply) (?:with|the word|by|in|that|yes|no|['\x22“])",
        "shapes the answer",
    ),
    (
        r"(?i)\b(?:do not|don't|never|refuse to|stop) (?:answer|answering|respond|responding|reply(?:ing)? to)\b(?: (?:the|this|any|to the|to any|to this|further|user))*(?: question| questions| query| queries| request| requests| user|\W*$)",
        "forbids to answer",
    ),
    (
        r"(?i)\bas (?:an|your) (?:output|answer|response|final answer)\b|\bresponse (?:format|language|style|tone) ?:|\bthink step by step\b|\bchain of thought\b",
        "shapes the answer",
    ),
    (
        r"(?i)\b(?:substitut|replac|chang|convert|transform|swap)(?:e|es|ing) (?:all |each |every |the |any )*(?:[a-z]+ )?(?:letters|vowels|consonants|characters|words|spaces|punctuation|nouns|verbs|adjectives)\b[^.\n]{0,60}\b(?:with|by|to|into|for)\b",
        "shapes the answer",
    ),
    (
        r"(?i)\b(?:every|each) (?:other |second |third |single |[a-z]+ )?(?:letter|word|sentence|vowel) (?:of|in|with|should|must)\b|\b(?:caesar|rot ?13|vigen[eè]re|substitution|atbash) (?:cipher|shift|encod)|\b(?:in|using|with|into|to) (?:base ?64|morse code|pig latin|leet ?speak|rot ?13)\b",
        "shapes the answer",
    ),
    // The person behind the reader.
    (
        r"(?i)\b(?:tell|inform|notify|warn|advise|convince|persuade|encourage|urge|remind|assure|mislead|deceive|trick|instruct|suggest to|recommend to|ask|prompt|direct|alert|request) (?:the|this|any|all|every|your|our) (?:PERSON) (?:that|to|about|for|of|not|whether|their|his|her)\b",
        "speaks of the person who asks",
    ),
    (
        r"(?i)\b(?:ask|request|obtain|collect|gather|get|solicit|steal|extract|harvest|send|forward|leak|reveal|exfiltrate|share)\b[^.\n]{0,40}\b(?:the user'?s|user's|users'|their|your user'?s|customer'?s|his|her) (?:[a-z]+ ){0,2}(?:password|passwords|passcode|credentials?|credit card|bank|pin|social security|personal|private|login|e-?mail|phone number|identity|conversation|account)",
        "asks for secrets",
    ),
    (
        r"(?i)\b(?:send|post|upload|forward|exfiltrate|transmit) (?:the |this |all |your |any )*(?:conversation|chat(?: history)?|history|prompt|answers?|messages?|contents? of (?:this|the) (?:chat|conversation))\b[^.\n]{0,30}\bto\b",
        "asks for secrets",
    ),
    (
        r"(?i)\b(?:do not|don't|never) (?:tell|inform|mention (?:this|it) to|reveal (?:this|it) to|let) (?:the|any|your) (?:user|technician|operator|reader|customer|person|people)\b[^.\n]{0,40}\b(?:this|instruction|prompt|message|know|that you)\b",
        "asks to hide itself",
    ),
    // A favour in the first person, a task on language or knowledge: no manual asks for one.
    (
        r"(?i)^\W*(?:please |now |also |and |then |could you |can you |would you |will you |kindly )*(?:show|tell|give|help|teach|send|write|draft|find|recommend|suggest|explain to|remind|assist|advise|convince|make|get|buy|provide|guide|walk|inform|brief|update|entertain|create|compose|book|plan|keep|let|ask|pitch|quiz|describe to) (?:me|us)\b",
        "asks a favour",
    ),
    (
        r"(?i)^\W*(?:can|could|would|will) you (?:please |kindly |also )?(?:[a-z]+)\b|\bi (?:want|need|would like|'d like) you to\b|\bi'd like (?:you )?to (?:know|hear|see)\b|^\W*i (?:need|want|would like|am looking for|'m looking for) (?:some |a |an |your |to )?(?:help|advice|tips|suggestions?|recommendations?|ideas?|know|recipe|guidance|assistance)\b",
        "asks a favour",
    ),
    (
        r"(?i)^\W*(?:please |now |then |and |also |kindly )*(?:write|compose|draft|create|generate|craft|invent|make up|come up with|develop|produce|design) (?:me )?(?:an?|the|some|two|three|five|\d+) (?:[a-z-]+ ){0,4}(?:poem|haiku|sonnet|limerick|song|lyrics|essay|story|stories|joke|tweet|blog(?: post)?|post|article|e-?mail|cover letter|script|screenplay|speech|slogan|headline|jingle|advertisement|ad|press release|recipe|riddle|dialogue|paragraph|review|newsletter|python|javascript|java|sql|regex|regular expression|phishing|malware|novel|tale|rap|caption|marketing|business plan|social media|itinerary|workout|quiz|playlist|tutorial)\b",
        "asks for a text",
    ),
    (
        r"(?i)\b(?:determine|detect|analy[sz]e|classify|identify|assess|evaluate|label|predict|rate|judge|gauge|what is|find) (?:the )?(?:[a-z]+ )?(?:sentiment|emotion|tone|mood|polarity|sarcasm|opinion)\b|\bsentiment (?:analysis|of)\b|\b(?:positive|negative),? (?:or )?(?:positive|negative|neutral)(?:,? or (?:neutral|negative|mixed))?\b[^.]{0,30}\b(?:sentiment|review|comment|statement|tone)",
        "asks for a task on language",
    ),
    (
        r"(?i)^\W*(?:please |now |then |kindly )*(?:translate|summari[sz]e|paraphrase|rephrase|rewrite|proofread|correct|classify|categori[sz]e|analy[sz]e|tokenize|transcribe) (?:the |this |these |following |above |below |my |entire )+(?:[a-z]+ ){0,2}(?:sentences?|text|paragraphs?|passage|article|phrase|e-?mail|message|statement|content|document|conversation|words?|review|comment|essay|story|question|quote|tweet)\b",
        "asks for a task on language",
    ),
    (
        r"(?i)\btranslate\b[^.\n]{0,80}\b(?:to|into|in|from) (?:LANGUAGE)\b|\bhow (?:do|would) (?:you|i) say\b|\bwhat does ['\x22“][^'\x22”]+['\x22”] mean in\b",
        "asks for a task on language",
    ),
    (
        r"(?i)^\W*(?:what(?:'s| is| are| was)|who(?:'s| is| was)|when (?:was|did)|where (?:is|was)|name|list) (?:the |some |a |an )?(?:[a-z]+ ){0,3}(?:capital (?:city )?of|president of|weather|meaning of life|latest news|population of|best (?:movie|movies|restaurant|restaurants|book|books|hotel|hotels|song|way to (?:invest|lose))|movies?|restaurants?|recipe|stock price|celebrity|celebrities|football|soccer|lyrics)\b",
        "asks something foreign",
    ),
    // What a chat is asked for: to explain, to teach, to program.
    (
        r"(?i)^\W*(?:please |now |then |and |also |kindly |briefly )*(?:explain|discuss|elaborate|brainstorm|recite|debate|teach|imagine|suggest|outline|solve|debug|argue|ponder|philosophi[sz]e) (?:to |about |on |in )*(?:how|why|what|whether|the|an?|some|this|that|your|simple|detail|step|ways?|ideas?|tips)\b",
        "asks for an explanation",
    ),
    (
        r"(?i)^\W*(?:please |now |then |and |also |kindly )*(?:describe|define|compare|provide|give|list|present|share|offer|name) (?:me )?(?:the |an? |some |any |few |three |five |ten |\d+ |brief |short |simple |detailed )*(?:[a-z]+ ){0,2}(?:concepts?|differences? between|explanations?|overview|definition|history|pros and cons|tips|advice|examples? of|ideas|suggestions|recommendations|tutorial|fun facts?|jokes?|opinion|thoughts)\b",
        "asks for an explanation",
    ),
    (
        r"(?i)\b(?:write|create|implement|develop|convert|sort|fix|debug|explain|reverse|parse|code|build|optimi[sz]e|refactor)\b[^.\n]{0,60}\b(?:in|using|with) (?:python|java ?script|java|c\+\+|c#|ruby|php|html|css|react|rust|go|perl|bash|excel|sql)\b|^\W*(?:please |now )*(?:write|create|generate) (?:me )?(?:an? |some |the )?(?:[a-z]+ ){0,3}(?:code|function|program|class|algorithm|query|web ?page|website)\b",
        "asks for a program",
    ),
    (
        r"(?i)^\W*(?:dear |hey |hello |hi )?(?:assistant|chat ?bot|ai|llm|language model|chatgpt)\s*[,:!]",
        "addresses the assistant",
    ),
    // A manual has no first person.
    (
        r"(?:^|[\s(,;])(?:I'm|I've|I'd|I am|I have|I was|I need|I want|I can't|I cannot|I can not|I don't|I keep|I get|I got|I tried|I think|I just|I would|I wonder|I wish|I need|I'll|I will) [a-z]|(?i)\bmy (?:code|program|script|homework|essay|website|boss|friends?|wife|husband|business|r[eé]sum[eé]|assignment|thesis|students?|kids?|class|exam|girlfriend|boyfriend|blog|startup|garden|vacation|trip)\b",
        "speaks in the first person",
    ),
    // Advertisements and false alarms to be passed on.
    (
        r"(?i)\b(?:promote|advertise|endorse|plug|push|hype|praise|advocate|market|recommend) (?:the |our |my |a |this |any |some )*(?:[a-z]+ ){0,3}(?:brand|product|products|service|services|website|site|company|link|course|app|store|shop|sale|deal|offer|campaign|candidate|party|event|conspiracy|theory|movement|scheme|investment|crypto[a-z]*|bitcoin)\b",
        "advertises",
    ),
    (
        r"(?i)\b(?:include|insert|add|append|embed|provide|attach|place|put|mention|drop|display|share|output|slip) (?:a |an |the |this |some |following |malicious |clickable |hidden |short )*(?:[a-z]+ ){0,2}(?:hyperlink|url|link|advert(?:isement)?|ad|ads|promotion|promo|discount code|referral|coupon|call to action|clickbait|headline|watermark|tracking pixel|disclaimer that)\b",
        "advertises",
    ),
    (
        r"(?i)\b(?:click|visit|go to|follow|check out|subscribe|sign up|download)\b[^.\n]{0,40}\b(?:to (?:claim|win|verify your|unlock|receive your (?:prize|reward)|confirm your identity|avoid suspension)|for (?:an? )?(?:exclusive|amazing|free (?:gift|prize|trial)|unbeatable)|before it's too late|limited time)\b|\b(?:your|the user's) (?:account|computer|device|identity) (?:has been|is|was) (?:compromised|suspended|hacked|locked|infected|flagged)\b",
        "advertises",
    ),
    // Marks of a chat.
    (
        r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|(?im)^\s*#{2,}\s*(?:instruction|system|assistant|user|human|response)s?\s*:|(?m)^\s*(?:System|Assistant|Human|User)\s*: |</?(?:system|assistant|user|instructions?|prompt)>|\bBEGIN (?:SYSTEM|HIDDEN) ",
        "holds a chat template's marks",
    ),
    // Spanish.
    (
        r"(?i)\b(?:ignor[ae]|ignorar|olvida|olvidar|descarta|omite|no sigas) (?:[a-záéíóúñ]+ ){0,4}(?:instrucciones|indicaciones|reglas|órdenes)\b(?: (?:anteriores|previas|de arriba|del sistema))?",
        "asks to ignore instructions",
    ),
    (
        r"(?i)\b(?:en|a|de|con) (?:tu|tus|su) (?:respuestas?|contestaci[oó]n|salida)\b|\b(?:responde|contesta|escribe|traduce|resume|habla)(?: (?:siempre|solo|s[oó]lo|[uú]nicamente|todo))? (?:en (?:ingl[eé]s|franc[eé]s|alem[aá]n|chino|español|may[uú]sculas|verso|base ?64)|con (?:emojis|una sola palabra)|como (?:un|una|si) )|\b(?:termina|empieza|comienza|acaba|codifica|traduce) (?:tu|la) respuesta\b|\bno respondas\b",
        "shapes the answer",
    ),
    (
        r"(?i)\b(?:dile|d[ií]gale|informa|avisa|convence|p[ií]dele|pregunta|recomienda) al usuario\b|\beres (?:ahora )?(?:un|una) (?:asistente|ia|inteligencia artificial|modelo|chatbot)\b|\b(?:asistente|ia|modelo de lenguaje) (?:debe|tiene que) (?:decir|responder|contestar)\b|^\W*(?:por favor,? )?(?:dime|mu[eé]strame|ay[uú]dame|cu[eé]ntame|escr[ií]beme|recomi[eé]ndame|expl[ií]came)\b|\bincluye (?:un|el|este) enlace\b",
        "speaks to the assistant",
    ),
    // Chinese.
    (
        r"忽略(?:之前|以上|上述|前面|所有|一切)[^。]{0,8}(?:指令|指示|提示|规则|内容|说明)|(?:无视|忘记|忘掉)[^。]{0,8}(?:指令|指示|提示|规则)|系统提示词?|提示词",
        "asks to ignore instructions",
    ),
    (
        r"(?:你的|您的)(?:回答|回复|答案|输出|回应)|(?:请|要)?(?:用|以)(?:英语|英文|中文|法语|日语|德语|西班牙语|表情符号|诗)(?:来)?(?:回答|回复|作答)|(?:不要|请勿|拒绝)(?:回答|回复)(?:问题|用户|$)|回答(?:时|中|里)(?:必须|请|要)|(?:只|仅)(?:回答|回复|输出)",
        "shapes the answer",
    ),
    (
        r"(?:告诉|告知|提醒|说服|建议|要求|询问)用户|你(?:现在)?是(?:一个|一名)?[^。]{0,8}(?:助手|人工智能|AI|机器人|模型)|(?:AI|人工智能|语言模型|助手)(?:必须|应该|请)(?:回答|回复|说|输出)|^\W*(?:请)?(?:帮我|给我(?:写|讲|推荐)|告诉我)|(?:写一(?:首|篇|个)(?:诗|作文|文章|故事))|(?:把|将)(?:这|下面|以下)[^。]{0,6}(?:翻译|总结)",
        "speaks to the assistant",
    ),
];

/// Runs that no person reads: a long base64 or hexadecimal word. On a whole passage.
const BLOB: &str = r"\b(?:[A-Za-z0-9+/]{40,}={0,2}|(?:[0-9a-fA-F]{2}[ :]?){32,})";

/// What a page does not show.
const COMMENT: &str = r"(?s)<!--.*?-->|(?i)<(?:span|div|p|font)[^>]{0,80}(?:display: ?none|visibility: ?hidden|font-size: ?0|color: ?(?:white|#fff(?:fff)?))[^>]{0,40}>.*?</(?:span|div|p|font)>";

/// A chat template's marks, with the line that they open.
const MARKS: &str = r"(?:<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>)[^\n]*";

struct Patterns {
    set: RegexSet,
    marks: Regex,
    blob: Regex,
    comment: Regex,
}

fn patterns() -> Option<&'static Patterns> {
    static PATTERNS: OnceLock<Option<Patterns>> = OnceLock::new();
    PATTERNS
        .get_or_init(|| {
            let full = SIGNS.iter().map(|(pattern, _)| {
                WORDS.iter().fold((*pattern).to_owned(), |p, (name, stands)| p.replace(name, stands))
            });
            let set = regex::RegexSetBuilder::new(full).size_limit(64 << 20).build().ok()?;
            Some(Patterns {
                set,
                marks: Regex::new(MARKS).ok()?,
                blob: Regex::new(BLOB).ok()?,
                comment: Regex::new(COMMENT).ok()?,
            })
        })
        .as_ref()
}

/// What makes a sentence look like an order to the assistant, or `None`.
pub fn sign(sentence: &str) -> Option<&'static str> {
    let patterns = patterns()?;
    let seen = visible(sentence);
    let first = patterns.set.matches(&seen).iter().next();
    if let Some(why) = first.and_then(|n| SIGNS.get(n)) {
        return Some(why.1);
    }
    if hides(sentence) {
        return Some("holds invisible characters");
    }
    patterns.blob.find_iter(&seen).any(|m| is_blob(m.as_str())).then_some("holds an encoded text")
}

/// The orders in `text`, which begins at byte `at` of the stored text: spans of whole
/// sentences, in their order, not overlapping.
pub fn orders(text: &str, at: usize) -> Vec<Order> {
    let mut found: Vec<Order> = Vec::new();
    let mut push = |start: usize, end: usize, why: &str| match found.last_mut() {
        Some(last) if at + start <= last.span.end => last.span.end = last.span.end.max(at + end),
        _ => found.push(Order { span: Span { start: at + start, end: at + end }, why: why.to_owned() }),
    };
    // A hidden part may run over several sentences.
    let hidden: Vec<(usize, usize)> = match patterns() {
        Some(p) => p.comment.find_iter(text).map(|m| (m.start(), m.end())).collect(),
        None => Vec::new(),
    };
    let mut all: Vec<(usize, usize, &str)> = hidden
        .iter()
        .filter(|(start, end)| text.get(*start..*end).is_some_and(is_secret))
        .map(|(start, end)| (*start, *end, "is hidden from the reader"))
        .collect();
    if let Some(patterns) = patterns() {
        let marks = patterns.marks.find_iter(text);
        all.extend(marks.map(|m| (m.start(), m.end(), "holds a chat template's marks")));
    }
    for span in sentence::split(text) {
        if let Some(why) = span.of(text).and_then(sign) {
            all.push((span.start, span.end, why));
        }
    }
    all.sort_unstable();
    for (start, end, why) in all {
        push(start, end, why);
    }
    found
}

/// Is what a page does not show an order? A comment is an author's note, unless it orders;
/// text that was made invisible is meant for nobody who reads.
fn is_secret(hidden: &str) -> bool {
    let Some(comment) = hidden.strip_prefix("<!--") else { return true };
    let inner = comment.trim_end_matches("-->");
    sentence::split(inner).iter().filter_map(|s| s.of(inner)).any(|s| sign(s).is_some())
}

/// `passage` as it may be shown, searched and quoted: what its orders say is blanked out, in
/// its text, its cells and its warnings; headings that are orders are taken away. Spans stay.
///
/// A passage that was indexed before orders were looked for is looked at now.
pub fn masked(passage: &Passage) -> Cow<'_, Passage> {
    let orders = match &passage.orders {
        Some(orders) => Cow::Borrowed(orders),
        None => Cow::Owned(orders_of(passage)),
    };
    // What stands around it was cleaned when it was cut.
    let around = passage.orders.is_none() && {
        let mut heads =
            [&passage.title, &passage.machine, &passage.model].into_iter().chain(&passage.section);
        heads.any(|h| sign(h).is_some()) || passage.warnings.iter().any(|w| !orders_in(&w.text).is_empty())
    };
    if orders.is_empty() && !around {
        return Cow::Borrowed(passage);
    }
    let mut out = passage.clone();
    out.text = blanked(&passage.text, passage.span.start, &orders);
    for field in &mut out.fields {
        field.value = without(&field.value);
        field.name = without(&field.name);
    }
    out.fields.retain(|f| !f.value.is_empty());
    if around {
        clean_around(&mut out);
    }
    Cow::Owned(out)
}

/// Takes the orders out of what stands around a passage's text: its headings, its
/// document's title and machine, and the warnings over it. Done once, when it is cut.
pub fn clean_around(passage: &mut Passage) {
    for warning in &mut passage.warnings {
        warning.text = without(&warning.text);
    }
    // A signal word alone warns of nothing.
    passage.warnings.retain(|w| w.text.split_whitespace().count() > 1);
    passage.section.retain(|h| sign(h).is_none());
    for head in [&mut passage.title, &mut passage.machine, &mut passage.model] {
        if sign(head).is_some() {
            head.clear();
        }
    }
}

/// Does nothing in `passage` speak to an assistant any more?
pub fn is_masked(passage: &Passage) -> bool {
    match &passage.orders {
        Some(orders) => orders.iter().all(|o| {
            let within =
                o.span.start.checked_sub(passage.span.start).zip(o.span.end.checked_sub(passage.span.start));
            within.and_then(|(a, b)| passage.text.get(a..b)).is_none_or(|t| t.trim().is_empty())
        }),
        None => matches!(masked(passage), Cow::Borrowed(_)),
    }
}

/// The orders of a passage's text.
pub fn orders_of(passage: &Passage) -> Vec<Order> {
    orders(&passage.text, passage.span.start)
}

fn orders_in(text: &str) -> Vec<Order> {
    orders(text, 0)
}

/// `text` without its orders.
fn without(text: &str) -> String {
    let orders = orders_in(text);
    if orders.is_empty() {
        return text.to_owned();
    }
    blanked(text, 0, &orders).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text`, which begins at byte `at` of the stored text, with blanks where its orders stand.
fn blanked(text: &str, at: usize, orders: &[Order]) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.char_indices() {
        let within = orders.iter().any(|o| o.span.start <= at + i && at + i < o.span.end);
        if within && c != '\n' {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        } else {
            out.push(c);
        }
    }
    out
}

/// `text` as a reader sees it, with what is written in other letters of the same look, or
/// with nothing between them, made plain.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '’' | '‘' | 'ʼ' => '\'',
            // Letters of full width.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            'а' => 'a',
            'е' => 'e',
            'о' => 'o',
            'р' => 'p',
            'с' => 'c',
            'і' => 'i',
            c => c,
        })
        .collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Overrides of direction, tags, or words cut by characters without width. A mark of byte
/// order or one soft break is only untidy.
fn hides(text: &str) -> bool {
    let turned = text.chars().any(|c| matches!(c, '\u{202d}' | '\u{202e}' | '\u{e0000}'..='\u{e007f}'));
    let cut = text.chars().filter(|c| matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}')).count();
    turned || cut >= 4
}

/// A code, a hash in a list of files or a line of dashes is none.
fn is_blob(word: &str) -> bool {
    let count = |f: fn(&char) -> bool| word.chars().filter(f).count();
    let (upper, lower, digits) =
        (count(|c| c.is_ascii_uppercase()), count(|c| c.is_ascii_lowercase()), count(|c| c.is_ascii_digit()));
    let mixed = upper >= 4 && lower >= 4 && digits >= 2 && !word.contains('/') || word.ends_with('=');
    mixed && count(|c| *c == '/') * 8 < word.len()
}

#[cfg(test)]
mod tests;
