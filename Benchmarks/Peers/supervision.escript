#!/usr/bin/env escript
%% -*- erlang -*-
%%! +P 1000000
%% What Erlang/OTP's supervisor costs: the counterpart of Benchmarks/Probe, same commands, same figures.
%%
%%   supervision.escript KIND COMMAND NUMBER...
%%
%% KIND: fixed    one_for_one, children given in the specification
%%       added    one_for_one, children added one by one
%%       pool     simple_one_for_one, children added one by one
%%
%% Nothing here is held back: compiled code, no log handler is reached (primary level `none`), the smallest child that
%% OTP's design principles know (a special process), memory read after garbage collections, and a fresh supervisor for
%% each batch of restarts, because the list of restarts that OTP keeps grows with them.
-mode(compile).
-export([start_child/2, init_child/3, init/1]).
-behaviour(supervisor).

main([Kind, Command | Numbers]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    run(Command, list_to_atom(Kind), [list_to_integer(Number) || Number <- Numbers]),
    halt(0);
main(_) ->
    io:format(standard_error, "usage: supervision.escript fixed|added|pool COMMAND NUMBER...~n", []),
    halt(64).

%% ---- The child

start_child(Driver, Id) -> proc_lib:start_link(?MODULE, init_child, [self(), Driver, Id]).

init_child(Parent, Driver, Id) ->
    proc_lib:init_ack(Parent, {ok, self()}),
    %% Read after the acknowledgement: the supervisor may go on from here.
    case Id of
        1 -> Driver ! {ready, self(), erlang:monotonic_time()};
        _ -> ok
    end,
    wait().

wait() ->
    receive
        fail ->
            atomics:put(persistent_term:get(stamp), 1, erlang:monotonic_time()),
            exit(failed);
        _ -> wait()
    end.

%% ---- The supervisor

flags(Strategy) -> #{strategy => Strategy, intensity => 1000000, period => 1}.

spec(Driver, Id) -> #{id => Id, start => {?MODULE, start_child, [Driver, Id]}}.

init({fixed, Driver, Count}) -> {ok, {flags(one_for_one), [spec(Driver, Id) || Id <- lists:seq(1, Count)]}};
init({added, _, _}) -> {ok, {flags(one_for_one), []}};
init({pool, Driver, _}) ->
    {ok, {flags(simple_one_for_one), [#{id => child, start => {?MODULE, start_child, [Driver]}}]}}.

start(Kind, Count) ->
    persistent_term:put(stamp, stamp()),
    Driver = self(),
    {ok, Supervisor} = supervisor:start_link(?MODULE, {Kind, Driver, Count}),
    case Kind of
        fixed -> ok;
        added -> [{ok, _} = supervisor:start_child(Supervisor, spec(Driver, Id)) || Id <- lists:seq(1, Count)];
        pool -> [{ok, _} = supervisor:start_child(Supervisor, [Id]) || Id <- lists:seq(1, Count)]
    end,
    Supervisor.

stamp() ->
    case persistent_term:get(stamp, none) of
        none -> atomics:new(1, [{signed, true}]);
        Stamp -> Stamp
    end.

stop(Supervisor) ->
    Monitor = erlang:monitor(process, Supervisor),
    exit(Supervisor, shutdown),
    receive {'DOWN', Monitor, process, Supervisor, _} -> ok end,
    receive {'EXIT', Supervisor, _} -> ok end.

next_ready() -> receive {ready, Pid, Time} -> {Pid, Time} end.

%% ---- The commands

%% restarts CHILDREN BATCHES PER_BATCH PAUSE_MICROSECONDS
run("restarts", Kind, [Children, Batches, PerBatch, Pause]) ->
    Times = [batch(Kind, Children, PerBatch, Pause, fun() -> ok end) || _ <- lists:seq(0, Batches)],
    quantiles("restart", lists:append(tl(Times)));

%% memory CHILDREN
run("memory", Kind, [Children]) ->
    stop(start(Kind, 100)),
    drain(),
    collect(),
    {Total0, Resident0, Dirty0} = memory(),
    Supervisor = start(Kind, Children),
    drain(),
    timer:sleep(500),
    {Total1, Resident1, Dirty1} = memory(),
    erlang:garbage_collect(Supervisor),
    collect(),
    timer:sleep(500),
    {Total2, Resident2, Dirty2} = memory(),
    figure("as_is", (Total1 - Total0) / Children),
    figure("collected", (Total2 - Total0) / Children),
    figure("resident", (min(Resident1, Resident2) - Resident0) / Children),
    figure("dirty", (min(Dirty1, Dirty2) - Dirty0) / Children),
    stop(Supervisor);

%% startstop CHILDREN
run("startstop", Kind, [Children]) ->
    stop(start(Kind, 1000)),
    drain(),
    collect(),
    T0 = erlang:monotonic_time(),
    Supervisor = start(Kind, Children),
    T1 = erlang:monotonic_time(),
    drain(),
    T2 = erlang:monotonic_time(),
    stop(Supervisor),
    T3 = erlang:monotonic_time(),
    figure("start_ms", microseconds(T1 - T0) / 1000),
    figure("stop_ms", microseconds(T3 - T2) / 1000);

%% snapshot CHILDREN RUNS: alone, then restarts while snapshots are taken in a row.
run("snapshot", Kind, [Children, Runs]) ->
    Supervisor = start(Kind, Children),
    drain(),
    quantiles("which", [took(fun() -> Children = length(supervisor:which_children(Supervisor)) end)
                        || _ <- lists:seq(1, Runs)]),
    quantiles("count", [took(fun() -> supervisor:count_children(Supervisor) end) || _ <- lists:seq(1, Runs)]),
    stop(Supervisor),
    drain(),
    During = batch(Kind, Children, Runs, 1000, fun(Subject) ->
        spawn_link(fun() -> watch(Subject) end)
    end),
    quantiles("during", During);

%% idle CHILDREN: says that it is ready, and waits for the end.
run("idle", Kind, [Children]) ->
    Supervisor = start(Kind, Children),
    drain(),
    figure("ready", 1),
    receive {'EXIT', Supervisor, _} -> ok end.

watch(Supervisor) ->
    supervisor:which_children(Supervisor),
    watch(Supervisor).

%% One supervisor, so many failures of its first child, one after the other; gives the times in microseconds.
batch(Kind, Children, PerBatch, Pause, Beside) ->
    Supervisor = start(Kind, Children),
    {Pid, _} = next_ready(),
    Watcher = case is_function(Beside, 1) of true -> Beside(Supervisor); false -> Beside() end,
    Times = fail(PerBatch, Pid, Pause, persistent_term:get(stamp), []),
    case Watcher of
        ok -> ok;
        _ ->
            unlink(Watcher),
            exit(Watcher, kill)
    end,
    stop(Supervisor),
    Times.

fail(0, _, _, _, Times) -> Times;
fail(Left, Pid, Pause, Stamp, Times) ->
    case Pause of
        0 -> ok;
        _ -> timer:sleep(Pause div 1000)
    end,
    Pid ! fail,
    {Next, Ready} = next_ready(),
    fail(Left - 1, Next, Pause, Stamp, [microseconds(Ready - atomics:get(Stamp, 1)) | Times]).

%% ---- Figures

took(Body) ->
    Begin = erlang:monotonic_time(),
    Body(),
    microseconds(erlang:monotonic_time() - Begin).

microseconds(Native) -> erlang:convert_time_unit(Native, native, nanosecond) / 1000.

memory() -> {erlang:memory(total), kilobytes("Rss:") * 1024, kilobytes("Private_Dirty:") * 1024}.

kilobytes(Name) ->
    {ok, File} = file:open("/proc/self/smaps_rollup", [read, raw]),
    {ok, Text} = file:read(File, 65536),
    file:close(File),
    hd([list_to_integer(Number) || Line <- string:split(Text, "\n", all),
                                   [Word, Number | _] <- [string:lexemes(Line, " ")], Word =:= Name]).

collect() -> [erlang:garbage_collect(Pid) || Pid <- [self(), whereis(init), whereis(code_server)]].

drain() -> receive {ready, _, _} -> drain() after 0 -> ok end.

quantiles(Name, Values) ->
    Sorted = list_to_tuple(lists:sort(Values)),
    Count = tuple_size(Sorted),
    figure(Name ++ "_p50", element((Count + 1) div 2, Sorted)),
    figure(Name ++ "_p99", element(max(1, (Count * 99 + 99) div 100), Sorted)).

figure(Name, Value) -> io:format("~s ~w~n", [Name, Value]).
