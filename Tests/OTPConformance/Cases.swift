/// Every case of OTP's own tests of its supervisor, and what it is here.
///
/// | case that is not here | why |
/// |---|---|
/// | `sup_start_error_return` | a value of the wrong type from `init` does not compile |
/// | `get_callback_module` | there is no callback module: a specification is a value |
struct Case: Sendable {
  /// How much of it holds.
  enum Kind: Sendable {
    /// It is asserted as it is.
    case direct
    /// It is asserted in other terms, which its test states.
    case adapted
    /// It cannot be had: its test asserts what stands in for it.
    case impossible
    /// It means nothing in Swift.
    case meaningless
  }

  /// OTP's name for it.
  let name: String
  /// How much of it holds.
  let kind: Kind

  /// All cases.
  static let all = [direct, adapted, impossible, meaningless].flatMap { $0 }

  /// Those that are asserted as they are.
  static let direct = cases(
    .direct,
    """
    sup_start_normal sup_start_ignore_temporary_child sup_start_ignore_temporary_child_start_child
    sup_start_ignore_temporary_child_start_child_simple sup_start_ignore_permanent_child_start_child_simple
    sup_start_fail sup_start_child_returns_error sup_start_child_returns_error_simple
    sup_start_restart_child_returns_error
    sup_stop_infinity sup_stop_race sup_stop_non_shutdown_exit_dynamic
    child_adm child_adm_simple which_children which_children_simple_one_for_one which_child
    count_children count_children_supervisor count_restarting_children
    permanent_normal permanent_shutdown permanent_abnormal transient_normal transient_shutdown transient_abnormal
    temporary_normal temporary_shutdown temporary_abnormal temporary_bystander faulty_application_shutdown
    multiple_restarts one_for_one one_for_one_escalation one_for_all one_for_all_escalation
    one_for_all_other_child_fails_restart rest_for_one rest_for_one_escalation rest_for_one_other_child_fails_restart
    simple_one_for_one simple_one_for_one_escalation simple_one_for_one_restart_ignore
    nonsignificant_temporary nonsignificant_transient significant_temporary significant_transient
    significant_bystander significant_escalation significant_upgrade_child
    tree hanging_restart_loop hanging_restart_loop_rest_for_one hanging_restart_loop_simple code_change
    order_of_children
    """)

  /// Those that are asserted in other terms.
  static let adapted = cases(
    .adapted,
    """
    sup_start_ignore_init sup_start_ignore_child sup_start_map sup_start_map_simple sup_start_map_faulty_specs
    extra_return child_specs child_specs_map sup_flags already_started_outside_supervisor
    external_start_no_progress_log simple_one_for_one_extra simple_one_for_one_corruption significant_simple
    significant_upgrade_never_any significant_upgrade_any_never significant_upgrade_never_all
    significant_upgrade_all_never significant_upgrade_any_all significant_upgrade_all_any
    child_unlink code_change_map code_change_simple code_change_simple_map
    scale_start_stop_many_children simple_one_for_one_scale_many_temporary_children
    do_not_save_start_parameters_for_temporary_children do_not_save_child_specs_for_temporary_children
    format_log_1 format_log_2
    """)

  /// Those that cannot be had.
  static let impossible = cases(
    .impossible,
    """
    sup_stop_timeout sup_stop_timeout_dynamic sup_stop_brutal_kill sup_stop_brutal_kill_dynamic
    simple_one_for_one_shutdown simple_global_supervisor
    """)

  /// Those that mean nothing in Swift.
  static let meaningless = cases(.meaningless, "sup_start_error_return get_callback_module")

  /// The cases of these names.
  private static func cases(_ kind: Kind, _ names: String) -> [Case] {
    names.split(whereSeparator: \.isWhitespace).map { Case(name: String($0), kind: kind) }
  }
}
