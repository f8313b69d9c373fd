//! Chinese, which writes no blanks: patterns over characters.

use std::sync::OnceLock;

use regex::Regex;

use super::Emergency;

/// Traditional characters of the patterns, and their simplified forms.
const SIMPLE: &[(char, char)] = &[
    ('煙', '烟'),
    ('著', '着'),
    ('觸', '触'),
    ('氣', '气'),
    ('聞', '闻'),
    ('捲', '卷'),
    ('夾', '夹'),
    ('壓', '压'),
    ('暈', '晕'),
    ('傷', '伤'),
    ('沒', '没'),
    ('電', '电'),
    ('機', '机'),
    ('嗎', '吗'),
    ('麼', '么'),
    ('樣', '样'),
    ('為', '为'),
    ('應', '应'),
    ('該', '该'),
    ('開', '开'),
    ('關', '关'),
    ('門', '门'),
    ('鎖', '锁'),
    ('聯', '联'),
    ('護', '护'),
    ('車', '车'),
    ('個', '个'),
    ('裡', '里'),
    ('裏', '里'),
    ('從', '从'),
    ('來', '来'),
    ('進', '进'),
    ('燒', '烧'),
    ('過', '过'),
    ('繞', '绕'),
    ('屬', '属'),
    ('時', '时'),
    ('發', '发'),
    ('塵', '尘'),
    ('洩', '泄'),
];

/// Simplified characters, no blanks; marks become bars.
pub fn fold(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => None,
            '，' | '。' | '！' | '？' | '；' | '：' | '、' | ',' | '.' | '!' | '?' | ';' | ':' => {
                Some('|')
            }
            c => Some(SIMPLE.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to)),
        })
        .collect()
}

/// Things named after a part of the body or a person.
const THINGS: &str = "机器人|人机|无人|人字|人工|人孔|机械手|手轮|手动|手柄|手册|手机|把手|扶手|手刹|手套|手持|手头|手阀|接头|端头|探头|钻头|喷头|镜头|磨头|刀头|龙头|插头|车头|机头|夹头|公头|母头|弯头|头部|换刀臂|机械臂|悬臂|摇臂|吊臂|脚踏|地脚|支脚|引脚|管脚|支腿|断路|小时|小车|小型|小心|老化|老式";

/// Is any of it written in Chinese characters?
pub fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// A part that asks, supposes, denies, or tells of the past.
const UNREAL: &str = "怎么(?:测|试|设|调|拆|装|换|修|检|校|复位|重启|关|开|处理|预防)|如何|什么(?:意思|原因|时候|型号)|是什么|为什么|哪里|哪个|哪一|在哪|几页|多少|多久|多大|是否|吗|呢|如果|若是|假如|万一|要是|时(?:应|该|怎|要)|应该怎|发生.*时|防止|避免|预防|演练|演习|测试|试验|探测器|检测器|传感器|感应器|灭火器|含义|步骤|流程|规程|会不会|可能会|可能|昨天|前天|上周|上个月|去年|以前|曾经|报告|没有(?:着火|冒烟|漏|泄|人|火|烟)|没着火|没漏|无人|不会|误报|电影|烧烤|做饭|野炊|等级|有时|偶尔|冷启动|尾气|排气管";

/// Things whose danger is their work.
const CALMS: &str =
    "点火|火焰(?:监测|探测|发黄)|气管|气缸|压缩空气|点烟|香烟|抽烟|保险丝|线圈烧|放气|排气|防爆|爆炸图|烧坏";

const SIGNS: &[(Emergency, &str)] = &[
    (
        Emergency::Call,
        "救命|救护车|快来人|来人啊|打(?:120|119|110|幺二零|一二零|一一九|幺幺九)|叫(?:医生|消防|急救)|紧急情况|快跑|快撤|赶紧撤",
    ),
    (
        Emergency::Person,
        "(?:有人|他|她|我|同事|工人|工友|师傅|操作员|操作工|人|电工|老[\u{4e00}-\u{9fff}]|小[\u{4e00}-\u{9fff}])[^|]{0,8}?(?:被|让)[^|]{0,8}?(?:卷|夹|压|困|砸|绞|电|卡|烫|烧|撞|埋|割|切|缠|轧)",
    ),
    (
        Emergency::Person,
        "(?:手|手指|胳膊|手臂|腿|脚|袖子|衣服|头)(?:被|让|给)?[^|]{0,4}(?:卷|夹|压|绞|卡|轧|切|割|断|缠)(?:住|进|在|到|断|掉|了)",
    ),
    (
        Emergency::Person,
        "触电了|触电[^|]{0,6}(?:没|倒|晕|快)|(?:人|他|她|同事|师傅)[^|]{0,4}触电|被电(?:到|了|倒)|电到(?:人|他|我)",
    ),
    (
        Emergency::Person,
        "(?:晕倒|昏倒|昏迷|晕过去|昏过去|失去意识|没有呼吸|没呼吸|停止呼吸|不能呼吸|喘不过气|叫不醒|大出血|流血不止|血止不住|中毒了|心脏病|抽搐|窒息)",
    ),
    (
        Emergency::Person,
        "(?:有人|他|她|我|同事|工人|师傅|人)[^|]{0,8}(?:受伤|流血|流了[^|]{0,4}血|骨折|倒下|倒地|摔下|摔伤|掉下|跌落|坠落|掉进|摔进|掉到|烫伤|烧伤|溺水|死了|断了)",
    ),
    (
        Emergency::Person,
        "(?:有人|他|她|同事|工人|师傅|操作员|人)[^|]{0,12}(?:一动不动|没有反应|没反应|不动了|不说话)",
    ),
    (
        Emergency::Person,
        "(?:酸|碱|化学品|药水|油|蒸汽)[^|]{0,6}(?:溅|喷|射|进)[^|]{0,6}(?:眼|脸|手|身上|皮肤)|大家都?[^|]{0,2}(?:头晕|恶心|咳嗽)",
    ),
    (
        Emergency::Fire,
        "(?:着|起|失)火了|(?:着|起|失)火(?:$|\\||快|啦|现在|在)|(?:在|正在|都)(?:着火|燃烧|冒烟)|火越来越|火苗|大火|烧起来|烧着了|冒(?:出|着)?[^|]{0,3}(?:浓烟|黑烟|大烟|火)|冒烟了|冒烟|浓烟|(?:好|很)多烟|都是烟|有明火|(?:里|内|中|间)有[^|]{0,2}烟",
    ),
    (Emergency::Fire, "闻到[^|]{0,6}(?:焦|糊|烧)[^|]{0,3}味"),
    (
        Emergency::Gas,
        "(?:煤气|燃气|天然气|瓦斯|氨气|氨|氯气|毒气|氢气|丙烷|甲烷|硫化氢|一氧化碳|液化气|有毒气体)[^|]{0,6}(?:泄漏|泄露|外泄|漏了|漏出|在漏|漏气|跑出来)|(?:泄漏|泄露)(?:煤气|燃气|氨|氯|毒气)",
    ),
    (
        Emergency::Gas,
        "(?:闻到|闻见|有|好大|很大|很浓)[^|]{0,6}(?:煤气|燃气|瓦斯|氨气?|氯气?|臭鸡蛋|汽油)味|(?:煤气|燃气|瓦斯|氨气|氯气)味(?:很|好|太|越来越)",
    ),
    (Emergency::Gas, "(?:气体|煤气|燃气|瓦斯|氨)报警器?[^|]{0,4}(?:响了|在响|一直响|叫了)"),
    (Emergency::Explosion, "爆炸了|发生[^|]{0,2}爆炸|(?:要|快)(?:爆炸|炸|爆)了|炸了|爆了[^|]{0,4}人"),
    (Emergency::Chemical, "(?:酸|碱|化学品|化学液|溶剂)[^|]{0,6}(?:泄漏|泄露|洒了|流了一地|喷出|漏了)"),
    (
        Emergency::Collapse,
        "(?:脚手架|吊车|吊物|塔架|货架|平台|屋顶|墙|叉车|起重机|吊装)[^|]{0,6}(?:塌|倒了|要倒|倾翻|翻了|掉下来|坠落|失控)",
    ),
];

/// Verbs of defeating, and things that protect, in either order.
const DEFEATS: &[&str] = &[
    "(?:短接|短路掉|跨接|旁路|屏蔽|绕过|跳过|强制|忽略|省略|骗过|取消|解除|禁用|关掉|拆掉|拆除|去掉|绑住|顶住|堵住|封住)[^|]{0,8}(?:安全门|门开关|联锁|互锁|连锁|安全继电器|急停(?:开关|回路|信号)?|光幕|光栅|安全开关|双手(?:按钮|操作)|安全回路|安全阀|上锁|挂牌|锁定|限位|安全信号|护罩|防护罩|防护门)",
    "(?:安全门|门开关|联锁|互锁|连锁|安全继电器|急停|光幕|光栅|安全开关|双手按钮|安全回路|安全阀|上锁挂牌|门锁|限位开关)[^|]{0,8}(?:短接|短路掉|跨接|旁路|屏蔽|绕过|跳过|骗过|取消|禁用|绑住|顶住|堵住|拆掉)",
    "(?:不|没|免)(?:用|去|做|要)?(?:上锁|挂牌|锁定|断电|停机|停)[^|]{0,10}(?:维修|检修|修|清|拆|换|操作|伸手|行不行|行吗|可以|能不能)",
    "(?:护罩|防护罩|防护门|安全门|罩子)[^|]{0,4}(?:拆掉|打开|去掉|不装)[^|]{0,4}(?:运行|开机|启动|生产)",
    "(?:运转|运行|开着)(?:中|时|的时候)[^|]{0,6}(?:伸手|清料|清理)",
];

/// Asks why not, or how to undo it, or about a bypass that is a pipe.
const KEEPS: &str = "为什么(?:不|禁)|不能|不得|禁止|严禁|不准|不要|不可|恢复|旁路(?:阀|管|泵|接触器)|急停(?:按下|复位|怎么复位)|被(?:短接|旁路|屏蔽)|检查.*(?:是否|有没有)|是什么意思";

fn pattern(cell: &'static OnceLock<Option<Regex>>, text: &str) -> Option<&'static Regex> {
    cell.get_or_init(|| Regex::new(text).ok()).as_ref()
}

/// What kind of emergency `text` tells of.
pub fn emergency(text: &str) -> Option<Emergency> {
    static SET: OnceLock<Option<Vec<(Emergency, Regex)>>> = OnceLock::new();
    static FRAME: OnceLock<Option<Regex>> = OnceLock::new();
    static WORK: OnceLock<Option<Regex>> = OnceLock::new();
    static NAMED: OnceLock<Option<Regex>> = OnceLock::new();
    if !is_chinese(text) {
        return None;
    }
    let signs =
        SET.get_or_init(|| SIGNS.iter().map(|(k, p)| Some((*k, Regex::new(p).ok()?))).collect()).as_ref()?;
    let (unreal, calms) = (pattern(&FRAME, UNREAL)?, pattern(&WORK, CALMS)?);
    let calm = calms.is_match(text);
    let named = pattern(&NAMED, THINGS)?.replace_all(text, "物");
    for part in named.split('|').filter(|p| !unreal.is_match(p)) {
        for (kind, sign) in signs {
            let thing = !matches!(kind, Emergency::Person | Emergency::Call);
            if sign.is_match(part) && !(thing && calm) {
                return Some(*kind);
            }
        }
    }
    None
}

/// Does `text` ask how to defeat a protection?
pub fn defeat(text: &str) -> bool {
    static SET: OnceLock<Option<Vec<Regex>>> = OnceLock::new();
    static UNDO: OnceLock<Option<Regex>> = OnceLock::new();
    if !is_chinese(text) {
        return false;
    }
    let all = SET.get_or_init(|| DEFEATS.iter().map(|p| Regex::new(p).ok()).collect()).as_ref();
    let (Some(all), Some(keeps)) = (all, pattern(&UNDO, KEEPS)) else { return false };
    // "能不能" asks whether it may be done: it is no "不能".
    let bare = text.replace("能不能", "能否").replace("可不可以", "可否").replace("要不要", "要否");
    !keeps.is_match(&bare) && all.iter().any(|p| p.is_match(&bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        let singles = [UNREAL, CALMS, KEEPS, THINGS];
        for pattern in SIGNS.iter().map(|(_, p)| *p).chain(DEFEATS.iter().copied()).chain(singles) {
            assert!(Regex::new(pattern).is_ok(), "{pattern}");
        }
    }
}
