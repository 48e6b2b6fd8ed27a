"""Rows that tests in other folders prove, beside the code that they are about: file to test to rows."""

from __future__ import annotations

FILES: dict[str, dict[str, str]] = {
    "tests/providers/test_contract_streams.py": {
        "test_every_split_gives_the_same_deltas": "S01 S02",
        "test_a_truncated_stream_never_ends_well": "S08",
        "test_a_malformed_frame_is_a_typed_error": "S13",
    },
    "tests/properties/test_batching.py": {
        "test_every_text_is_sent_once_in_order_and_answered_to_its_own_caller": "A07 A08",
        "test_a_call_in_the_very_moment_of_the_timer_is_in_one_request": "A08",
    },
    "tests/test_batcher_payloads.py": {
        "test_inferences_of_llvm_go_side_by_side_and_fail_alone": "A05",
        "test_deletions_share_a_request_and_tell_one_by_one": "A05",
    },
    "tests/wire/test_sse.py": {
        "test_the_standards_rules": "S05 S04",
        "test_every_cut_of_a_recorded_stream_gives_the_same_frames": "S01 S02",
        "test_line_ends_may_be_mixed": "S03",
        "test_any_bytes_in_any_cut_equal_the_naive_decoder": "S01 S05",
        "test_an_endless_line_is_refused_in_bounded_memory": "S06",
        "test_an_endless_event_is_refused_in_bounded_memory": "S06",
        "test_comments_and_blank_lines_take_no_memory": "S07",
    },
    "tests/wire/test_ndjson.py": {"test_lines": "S04", "test_an_endless_line_is_refused": "S06"},
    "tests/wire/test_retry_after.py": {
        "test_seconds": "H02",
        "test_what_is_no_delay_is_ignored": "H03",
        "test_dates_are_read_against_the_responses_own_date": "H04",
        "test_any_text_gives_none_or_a_positive_number": "H03 H04",
        "test_should_retry": "H07",
    },
    "tests/wire/test_ratelimits.py": {
        "test_durations": "H05",
        "test_openai_and_groq_headers": "H05",
        "test_anthropic_headers": "H05",
    },
    "tests/middleware/test_retry_budget.py": {
        "test_a_backend_that_is_down_gets_a_fifth_more_than_the_calls": "R01",
    },
    "tests/middleware/test_breaker.py": {"test_a_storm_of_cancellations_changes_nothing": "K09"},
    "tests/policy/test_budget.py": {
        "test_a_backend_that_is_down_gets_a_fifth_more_and_the_reserve": "R01",
        "test_it_equals_a_list_of_what_happened": "R02",
    },
    "tests/policy/test_breaker.py": {
        "test_a_thousand_callers_get_exactly_the_permitted_probes": "K01",
        "test_results_of_an_earlier_generation_change_nothing": "K05 K06",
        "test_it_opens_exactly_at_the_threshold": "K07",
        "test_a_listener_that_raises_breaks_nothing": "K11",
        "test_a_listener_may_call_the_breaker": "K11",
        "test_forcing_it_open_and_closed": "K17",
    },
    "tests/auth/test_mtls.py": {"test_files_that_cannot_serve_are_refused_when_the_client_is_made": "L05"},
    "tests/test_circuits.py": {
        "test_a_listener_that_raises_or_calls_back_disturbs_no_call": "K11",
        "test_closing_by_hand_lets_calls_pass_at_once": "K17",
        "test_what_is_under_way_goes_on_and_changes_nothing": "K17",
    },
    "tests/policy/test_breaker_growth.py": {"test_it_stays_open_longer_each_time_a_probe_fails": "K12"},
    "tests/middleware/test_deadline.py": {"test_the_callers_own_timeout_wins": "X04"},
    "tests/test_cancellation.py": {
        "test_cancel_at_every_suspension": "X01 X02",
        "test_ten_thousand_cancelled_calls_then_two_hundred_that_succeed": "X01",
    },
    "tests/test_sweep.py": {
        "test_cancel_at_every_suspension": "X01",
        "test_cancel_twice": "X02",
        "test_cancel_in_the_step_of_the_result": "X03",
    },
    "tests/middleware/test_hedge.py": {
        "test_the_second_answer_wins_when_the_first_is_slow": "X09",
        "test_cancelling_the_call_ends_both": "X09",
    },
    "tests/test_predicted_wait.py": {
        "test_a_wait_beyond_the_deadline_is_refused_at_once": "Q05",
        "test_unsure_is_never_a_refusal": "Q05",
    },
    "tests/middleware/test_coalesce.py": {
        "test_the_first_caller_may_leave": "X08",
        "test_a_thousand_equal_calls_are_one_request": "D07",
    },
    "tests/middleware/test_describe.py": {"test_a_cancelled_fetch_leaves_the_others_their_own": "X08"},
    "tests/test_dispatcher.py": {
        "test_granted_and_cancelled_in_one_step_hands_the_permit_on": "X03",
        "test_low_is_served_under_endless_high": "Q01",
        "test_higher_priorities_go_first_and_equals_in_order": "Q02",
        "test_a_full_queue_refuses_at_once": "Q03",
        "test_drop_lowest_displaces_the_last_in_order": "Q03",
        "test_wait_queues_beyond_the_bound": "Q03",
        "test_retry_keeps_its_age": "Q07",
        "test_twenty_thousand_cancelled_tickets_leave_nothing": "Q06",
        "test_random_schedules_conserve_permits": "Q09",
    },
    "tests/test_tickets.py": {"test_a_sweep_takes_no_longer_than_a_few_tickets": "Q06"},
    "tests/test_lifecycle.py": {
        "test_a_stream_that_falls_silent_is_given_up": "S14",
        "test_a_slow_reader_is_not_taken_for_a_silent_service": "S16",
        "test_a_forgotten_stream_is_reclaimed_with_a_warning": "S17",
        "test_what_takes_longer_than_the_grace_is_ended": "E04",
        "test_closing_may_be_cancelled_and_closes_all_the_same": "E04",
    },
    "tests/test_client_edges.py": {"test_one_client_may_serve_one_loop_after_another": "E01"},
    "tests/test_keys.py": {
        "test_a_character_that_no_header_carries_is_refused": "Z04",
        "test_white_space_around_a_key_is_stripped": "Z04",
        "test_the_mask_shows_four_characters_of_a_long_key": "Z05",
        "test_a_secret_is_not_pickled": "E03",
    },
    "tests/test_secrets.py": {"test_a_client_shows_no_key_wherever_it_came_from": "Z01"},
    "tests/test_secrets_sockets.py": {"test_a_broken_answer_gives_no_key_away": "Z02 Z03"},
    "tests/test_config_addresses.py": {
        "test_an_unsafe_address_is_refused_without_being_shown": "G03",
        "test_any_text_is_a_safe_address_or_a_config_error": "G03",
        "test_a_header_with_any_control_byte_is_refused": "G02",
        "test_headers_that_the_request_or_the_key_makes_are_refused": "G02",
    },
    "tests/test_retry_classification.py": {
        "test_a_row_of_the_table": "H01",
        "test_nothing_is_sent_again_after_the_first_token": "S09",
        "test_another_key_than_the_one_that_failed": "R11",
    },
    "tests/soak/test_sockets.py": {
        "test_a_load_with_faults_leaves_exact_books_and_nothing_behind": "B10 B01 B03 H01",
        "test_after_many_cancelled_calls_two_hundred_of_two_hundred_succeed": "B10 X01",
    },
    "tests/test_sweep_schedules.py": {"test_any_order_of_callbacks": "X03"},
    "tests/test_draining.py": {
        "test_sigterm_lets_calls_under_way_finish": "E06",
        "test_what_is_not_done_within_the_grace_is_ended": "E06",
    },
    "tests/test_forking.py": {
        "test_a_fork_in_a_running_loop_shares_no_connection": "E03",
        "test_a_client_made_before_a_fork_and_used_after_it_works_in_both": "E03",
    },
    "tests/test_exit.py": {"test_a_client_that_is_never_closed_makes_no_noise": "E07"},
    "tests/transport/test_limits.py": {
        "test_a_head_above_the_cap_is_refused": "B08",
        "test_a_line_without_end_is_refused_within_the_cap": "S06",
        "test_a_bomb_below_the_cap_is_refused_for_its_ratio": "B14",
        "test_json_without_bottom_is_a_typed_error": "J02",
        "test_the_body_of_an_error_is_read_no_further_than_needed": "H13",
    },
    "tests/transport/test_fetch.py": {
        "test_what_leads_inside_is_refused": "G05",
        "test_every_address_of_a_name_must_be_public": "G05 G06",
        "test_a_name_is_looked_up_once": "G06",
        "test_redirects_are_not_followed": "G06",
        "test_what_is_no_image_is_a_typed_error": "G07",
        "test_it_takes_no_longer_than_it_may": "G07",
    },
    "tests/test_injection.py": {
        "test_arguments_of_native_paths_stay_one_step": "G01",
        "test_queries_and_headers_of_native_calls_cannot_break_out": "G02",
    },
    "tests/test_native_requests.py": {"test_a_path_that_climbs_is_refused": "G01"},
    "tests/shared/test_odd.py": {
        "test_what_redis_answers_oddly_is_done_without": "D01 D11",
        "test_a_slow_redis_costs_a_call_its_box": "D01",
        "test_a_redis_that_is_not_there": "D01",
        "test_without_redis_calls_go_on_and_it_is_said_once": "D01",
        "test_a_redis_that_is_not_there_from_the_start": "D01",
        "test_what_others_left_under_a_key_is_a_miss": "D02",
        "test_scripts_that_were_flushed_are_loaded_again": "D11",
    },
    "tests/shared/test_leases.py": {
        "test_in_no_history_is_more_used_than_one_burst_and_the_rate": "D11",
        "test_a_clock_of_the_server_that_jumps_gives_one_burst_at_most": "D11",
        "test_what_a_dead_one_held_of_a_day_returns_when_its_lease_ends": "D11",
        "test_who_was_away_longer_than_its_lease_holds_nothing": "D11",
    },
}

ELSEWHERE = {f"{path}::{test}": tuple(rows.split()) for path, tests in FILES.items() for test, rows in tests.items()}
