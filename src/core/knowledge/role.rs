//! What a column or a label says about its record, by its words in English, Spanish and
//! Chinese.

use super::passage::Role;

/// Parts of names by role, in lower case; the first role with one of its words in the name
/// is taken, so what is more telling stands first ("error cause" is a cause).
#[rustfmt::skip]
const ROLES: &[(Role, &[&str])] = &[
    (Role::Cause, &["cause", "reason", "why", "trigger", "causa", "motivo", "原因", "起因"]),
    (Role::Remedy, &[
        "remedy", "remedies", "action", "what to do", "measure", "correct", "solution", "countermeasure", "fix",
        "response", "repair", "rectif", "self-diagnos", "troubleshoot", "check", "remedio", "solución", "solucion",
        "acción", "accion", "medida", "corrección", "对策", "处理", "措施", "解决", "排除",
    ]),
    (Role::Unit, &["unit", "unidad", "单位"]),
    (Role::Code, &[
        "code", "código", "codigo", "fault no", "alarm no", "error no", "代码", "编号", "故障码",
    ]),
    (Role::Value, &[
        "value", "setting", "torque", "pressure", "limit", "range", "default", "interval", "quantity", "amount",
        "clearance", "temperature", "valor", "ajuste", "par de apriete", "presión", "rango", "intervalo", "cantidad",
        "设定值", "数值", "力矩", "扭矩", "范围", "出厂值", "压力", "周期",
    ]),
    (Role::Meaning, &[
        "meaning", "description", "message", "name", "fault", "alarm", "error", "condition", "symptom", "problem",
        "designation", "part", "significado", "descripción", "descripcion", "nombre", "fallo", "avería", "síntoma",
        "含义", "名称", "故障", "说明", "现象", "报警",
    ]),
];

/// The role that a header or label names; `None` where its words tell none.
pub fn of(name: &str) -> Option<Role> {
    let name = name.to_lowercase();
    // "Measured value" is a value, no measure to take.
    let name = name.replace("measured", "");
    ROLES.iter().find(|(_, words)| words.iter().any(|w| name.contains(w))).map(|(role, _)| *role)
}

/// The label that a line of running text starts with ("Possible cause: …"): its role, and
/// where the label and what follows it begin and end, as bytes of `line`.
pub fn label(line: &str) -> Option<(Role, std::ops::Range<usize>, std::ops::Range<usize>)> {
    let start = line.find(|c: char| c.is_alphanumeric())?;
    let colon = line.find([':', '：'])?;
    let name = line.get(start..colon)?.trim_end_matches(['*', '_', ' ']);
    if name.chars().count() > 32 || name.split_whitespace().count() > 4 || name.is_empty() {
        return None;
    }
    let role = of(name).filter(|r| matches!(r, Role::Cause | Role::Remedy | Role::Meaning | Role::Value))?;
    let after = colon + line.get(colon..)?.chars().next()?.len_utf8();
    let rest = line.get(after..)?;
    let lead = rest.len() - rest.trim_start_matches(['*', '_', ' ', '\t']).len();
    let value = after + lead..after + rest.trim_end().len().max(lead);
    (value.start < value.end).then_some((role, start..start + name.len(), value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_the_role_of_its_column() {
        for (name, role) in [
            ("Possible cause", Some(Role::Cause)),
            ("Error Code", Some(Role::Code)),
            ("Self-diagnostic/Action", Some(Role::Remedy)),
            ("Error message", Some(Role::Meaning)),
            ("Torque (Nm)", Some(Role::Value)),
            ("Measured value", Some(Role::Value)),
            ("故障处理对策", Some(Role::Remedy)),
            ("Descripción", Some(Role::Meaning)),
            ("Thread", None),
        ] {
            assert_eq!(of(name), role, "{name}");
        }
    }

    #[test]
    fn a_label_opens_a_line_of_running_text() {
        let line = "- **Possible cause:** stuck throttle ";
        let (role, name, value) = label(line).unwrap();
        assert_eq!((role, &line[name], &line[value]), (Role::Cause, "Possible cause", "stuck throttle"));
        let line = "原因：电压过低";
        let (role, _, value) = label(line).unwrap();
        assert_eq!((role, &line[value]), (Role::Cause, "电压过低"));
        assert_eq!(label("At 12:30 the pump stops"), None);
        assert_eq!(label("Remedy:"), None);
        assert_eq!(label(""), None);
    }
}
