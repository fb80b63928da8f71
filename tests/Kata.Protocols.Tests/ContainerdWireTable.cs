namespace Kata.Protocols.Tests;

/// <summary>containerd's messages: number name:type, [] repeated, ? optional. A type without a package is in the message's own.</summary>
internal static class ContainerdWireTable
{
    public const string Messages = """
        containerd.types.Mount: 1 type:string, 2 source:string, 3 target:string, 4 options:string[]
        containerd.v1.types.ProcessInfo: 1 pid:uint32, 2 info:google.protobuf.Any
        containerd.task.v2.CreateTaskRequest: 1 id:string, 2 bundle:string, 3 rootfs:containerd.types.Mount[], 4 terminal:bool,
            5 stdin:string, 6 stdout:string, 7 stderr:string, 8 checkpoint:string, 9 parent_checkpoint:string,
            10 options:google.protobuf.Any
        containerd.task.v2.CreateTaskResponse: 1 pid:uint32
        containerd.task.v2.StartRequest: 1 id:string, 2 exec_id:string
        containerd.task.v2.StartResponse: 1 pid:uint32
        containerd.task.v2.DeleteRequest: 1 id:string, 2 exec_id:string
        containerd.task.v2.DeleteResponse: 1 pid:uint32, 2 exit_status:uint32, 3 exited_at:google.protobuf.Timestamp
        containerd.task.v2.ExecProcessRequest: 1 id:string, 2 exec_id:string, 3 terminal:bool, 4 stdin:string, 5 stdout:string,
            6 stderr:string, 7 spec:google.protobuf.Any
        containerd.task.v2.StateRequest: 1 id:string, 2 exec_id:string
        containerd.task.v2.StateResponse: 1 id:string, 2 bundle:string, 3 pid:uint32, 4 status:containerd.v1.types.Status,
            5 stdin:string, 6 stdout:string, 7 stderr:string, 8 terminal:bool, 9 exit_status:uint32,
            10 exited_at:google.protobuf.Timestamp, 11 exec_id:string
        containerd.task.v2.KillRequest: 1 id:string, 2 exec_id:string, 3 signal:uint32, 4 all:bool
        containerd.task.v2.CloseIORequest: 1 id:string, 2 exec_id:string, 3 stdin:bool
        containerd.task.v2.PidsRequest: 1 id:string
        containerd.task.v2.PidsResponse: 1 processes:containerd.v1.types.ProcessInfo[]
        containerd.task.v2.CheckpointTaskRequest: 1 id:string, 2 path:string, 3 options:google.protobuf.Any
        containerd.task.v2.UpdateTaskRequest: 1 id:string, 2 resources:google.protobuf.Any, 3 annotations:map<string,string>
        containerd.task.v2.ResizePtyRequest: 1 id:string, 2 exec_id:string, 3 width:uint32, 4 height:uint32
        containerd.task.v2.WaitRequest: 1 id:string, 2 exec_id:string
        containerd.task.v2.WaitResponse: 1 exit_status:uint32, 2 exited_at:google.protobuf.Timestamp
        containerd.task.v2.StatsRequest: 1 id:string
        containerd.task.v2.StatsResponse: 1 stats:google.protobuf.Any
        containerd.task.v2.ConnectRequest: 1 id:string
        containerd.task.v2.ConnectResponse: 1 shim_pid:uint32, 2 task_pid:uint32, 3 version:string
        containerd.task.v2.ShutdownRequest: 1 id:string, 2 now:bool
        containerd.task.v2.PauseRequest: 1 id:string
        containerd.task.v2.ResumeRequest: 1 id:string
        containerd.services.events.ttrpc.v1.ForwardRequest: 1 envelope:Envelope
        containerd.services.events.ttrpc.v1.Envelope: 1 timestamp:google.protobuf.Timestamp, 2 namespace:string, 3 topic:string,
            4 event:google.protobuf.Any
        containerd.events.TaskCreate: 1 container_id:string, 2 bundle:string, 3 rootfs:containerd.types.Mount[],
            4 io:TaskIO, 5 checkpoint:string, 6 pid:uint32
        containerd.events.TaskStart: 1 container_id:string, 2 pid:uint32
        containerd.events.TaskExit: 1 container_id:string, 2 id:string, 3 pid:uint32, 4 exit_status:uint32,
            5 exited_at:google.protobuf.Timestamp
        containerd.events.TaskDelete: 1 container_id:string, 2 pid:uint32, 3 exit_status:uint32,
            4 exited_at:google.protobuf.Timestamp, 5 id:string
        containerd.events.TaskExecAdded: 1 container_id:string, 2 exec_id:string
        containerd.events.TaskExecStarted: 1 container_id:string, 2 exec_id:string, 3 pid:uint32
        containerd.events.TaskOOM: 1 container_id:string
        containerd.events.TaskPaused: 1 container_id:string
        containerd.events.TaskResumed: 1 container_id:string
        containerd.events.TaskCheckpointed: 1 container_id:string, 2 checkpoint:string
        containerd.events.TaskIO: 1 stdin:string, 2 stdout:string, 3 stderr:string, 4 terminal:bool
        containerd.events.SandboxCreate: 1 sandbox_id:string
        containerd.events.SandboxStart: 1 sandbox_id:string
        containerd.events.SandboxExit: 1 sandbox_id:string, 2 exit_status:uint32, 3 exited_at:google.protobuf.Timestamp
        containerd.runtime.sandbox.v1.CreateSandboxRequest: 1 sandbox_id:string, 2 bundle_path:string,
            3 rootfs:containerd.types.Mount[], 4 options:google.protobuf.Any, 5 netns_path:string, 6 annotations:map<string,string>
        containerd.runtime.sandbox.v1.CreateSandboxResponse:
        containerd.runtime.sandbox.v1.StartSandboxRequest: 1 sandbox_id:string
        containerd.runtime.sandbox.v1.StartSandboxResponse: 1 pid:uint32, 2 created_at:google.protobuf.Timestamp
        containerd.runtime.sandbox.v1.PlatformRequest: 1 sandbox_id:string
        containerd.runtime.sandbox.v1.PlatformResponse: 1 platform:containerd.types.Platform
        containerd.types.Platform: 1 os:string, 2 architecture:string, 3 variant:string, 4 os_version:string
        containerd.runtime.sandbox.v1.StopSandboxRequest: 1 sandbox_id:string, 2 timeout_secs:uint32
        containerd.runtime.sandbox.v1.StopSandboxResponse:
        containerd.runtime.sandbox.v1.WaitSandboxRequest: 1 sandbox_id:string
        containerd.runtime.sandbox.v1.WaitSandboxResponse: 1 exit_status:uint32, 2 exited_at:google.protobuf.Timestamp
        containerd.runtime.sandbox.v1.SandboxStatusRequest: 1 sandbox_id:string, 2 verbose:bool
        containerd.runtime.sandbox.v1.SandboxStatusResponse: 1 sandbox_id:string, 2 pid:uint32, 3 state:string,
            4 info:map<string,string>, 5 created_at:google.protobuf.Timestamp, 6 exited_at:google.protobuf.Timestamp,
            7 extra:google.protobuf.Any
        containerd.runtime.sandbox.v1.PingRequest: 1 sandbox_id:string
        containerd.runtime.sandbox.v1.PingResponse:
        containerd.runtime.sandbox.v1.ShutdownSandboxRequest: 1 sandbox_id:string
        containerd.runtime.sandbox.v1.ShutdownSandboxResponse:
        containerd.runtime.sandbox.v1.SandboxMetricsRequest: 1 sandbox_id:string
        containerd.runtime.sandbox.v1.SandboxMetricsResponse: 1 metrics:containerd.types.Metric
        containerd.types.Metric: 1 timestamp:google.protobuf.Timestamp, 2 id:string, 3 data:google.protobuf.Any
        runtimeoptions.v1.Options: 1 type_url:string, 2 config_path:string, 3 config_body:bytes
        containerd.types.RuntimeRequest: 1 runtime_path:string, 2 options:google.protobuf.Any
        containerd.types.RuntimeVersion: 1 version:string, 2 revision:string
        containerd.types.RuntimeInfo: 1 name:string, 2 version:RuntimeVersion, 3 options:google.protobuf.Any,
            4 features:google.protobuf.Any, 5 annotations:map<string,string>
        containerd.runtime.bootstrap.v1.Extension: 1 value:google.protobuf.Any
        containerd.runtime.bootstrap.v1.BootstrapParams: 1 instance_id:string, 2 namespace:string,
            3 log_level:LogLevel, 4 containerd_version:string, 5 containerd_ttrpc_address:string,
            6 containerd_grpc_address:string, 7 containerd_binary:string, 8 extensions:Extension[],
            9 socket_dir:string?
        containerd.runtime.bootstrap.v1.BootstrapResult: 1 version:int32, 2 address:string, 3 protocol:string, 4 capabilities:int32[],
            5 metadata:map<string,string>
        containerd.runc.v1.Options: 1 no_pivot_root:bool, 2 no_new_keyring:bool, 3 shim_cgroup:string, 4 io_uid:uint32,
            5 io_gid:uint32, 6 binary_name:string, 7 root:string, 8 criu_path:string, 9 systemd_cgroup:bool,
            10 criu_image_path:string, 11 criu_work_path:string, 12 task_api_address:string, 13 task_api_version:uint32
        containerd.runc.v1.CheckpointOptions: 1 exit:bool, 2 open_tcp:bool, 3 external_unix_sockets:bool, 4 terminal:bool,
            5 file_locks:bool, 6 empty_namespaces:string[], 7 cgroups_mode:string, 8 image_path:string, 9 work_path:string
        containerd.runc.v1.ProcessDetails: 1 exec_id:string
        containerd.linux.runc.CreateOptions: 1 no_pivot_root:bool, 2 open_tcp:bool, 3 external_unix_sockets:bool, 4 terminal:bool,
            5 file_locks:bool, 6 empty_namespaces:string[], 7 cgroups_mode:string, 8 no_new_keyring:bool, 9 shim_cgroup:string,
            10 io_uid:uint32, 11 io_gid:uint32, 12 criu_work_path:string, 13 criu_image_path:string
        io.containerd.cgroups.v1.Metrics: 1 hugetlb:HugetlbStat[], 2 pids:PidsStat, 3 cpu:CPUStat, 4 memory:MemoryStat,
            5 blkio:BlkIOStat, 6 rdma:RdmaStat, 7 network:NetworkStat[], 8 cgroup_stats:CgroupStats,
            9 memory_oom_control:MemoryOomControl
        io.containerd.cgroups.v1.HugetlbStat: 1 usage:uint64, 2 max:uint64, 3 failcnt:uint64, 4 pagesize:string
        io.containerd.cgroups.v1.PidsStat: 1 current:uint64, 2 limit:uint64
        io.containerd.cgroups.v1.CPUStat: 1 usage:CPUUsage, 2 throttling:Throttle
        io.containerd.cgroups.v1.CPUUsage: 1 total:uint64, 2 kernel:uint64, 3 user:uint64, 4 per_cpu:uint64[]
        io.containerd.cgroups.v1.Throttle: 1 periods:uint64, 2 throttled_periods:uint64, 3 throttled_time:uint64
        io.containerd.cgroups.v1.MemoryEntry: 1 limit:uint64, 2 usage:uint64, 3 max:uint64, 4 failcnt:uint64
        io.containerd.cgroups.v1.MemoryOomControl: 1 oom_kill_disable:uint64, 2 under_oom:uint64, 3 oom_kill:uint64
        io.containerd.cgroups.v1.BlkIOEntry: 1 op:string, 2 device:string, 3 major:uint64, 4 minor:uint64, 5 value:uint64
        io.containerd.cgroups.v1.RdmaStat: 1 current:RdmaEntry[], 2 limit:RdmaEntry[]
        io.containerd.cgroups.v1.RdmaEntry: 1 device:string, 2 hca_handles:uint32, 3 hca_objects:uint32
        io.containerd.cgroups.v1.CgroupStats: 1 nr_sleeping:uint64, 2 nr_running:uint64, 3 nr_stopped:uint64,
            4 nr_uninterruptible:uint64, 5 nr_io_wait:uint64
        io.containerd.cgroups.v1.NetworkStat: 1 name:string, 2 rx_bytes:uint64, 3 rx_packets:uint64, 4 rx_errors:uint64,
            5 rx_dropped:uint64, 6 tx_bytes:uint64, 7 tx_packets:uint64, 8 tx_errors:uint64, 9 tx_dropped:uint64
        io.containerd.cgroups.v1.BlkIOStat: 1 io_service_bytes_recursive:BlkIOEntry[], 2 io_serviced_recursive:BlkIOEntry[],
            3 io_queued_recursive:BlkIOEntry[], 4 io_service_time_recursive:BlkIOEntry[], 5 io_wait_time_recursive:BlkIOEntry[],
            6 io_merged_recursive:BlkIOEntry[], 7 io_time_recursive:BlkIOEntry[], 8 sectors_recursive:BlkIOEntry[]
        io.containerd.cgroups.v1.MemoryStat: 1 cache:uint64, 2 rss:uint64, 3 rss_huge:uint64, 4 mapped_file:uint64, 5 dirty:uint64,
            6 writeback:uint64, 7 pg_pg_in:uint64, 8 pg_pg_out:uint64, 9 pg_fault:uint64, 10 pg_maj_fault:uint64,
            11 inactive_anon:uint64, 12 active_anon:uint64, 13 inactive_file:uint64, 14 active_file:uint64, 15 unevictable:uint64,
            16 hierarchical_memory_limit:uint64, 17 hierarchical_swap_limit:uint64, 18 total_cache:uint64, 19 total_rss:uint64,
            20 total_rss_huge:uint64, 21 total_mapped_file:uint64, 22 total_dirty:uint64, 23 total_writeback:uint64,
            24 total_pg_pg_in:uint64, 25 total_pg_pg_out:uint64, 26 total_pg_fault:uint64, 27 total_pg_maj_fault:uint64,
            28 total_inactive_anon:uint64, 29 total_active_anon:uint64, 30 total_inactive_file:uint64, 31 total_active_file:uint64,
            32 total_unevictable:uint64, 33 usage:MemoryEntry, 34 swap:MemoryEntry, 35 kernel:MemoryEntry, 36 kernel_tcp:MemoryEntry
        io.containerd.cgroups.v2.Metrics: 1 pids:PidsStat, 2 cpu:CPUStat, 4 memory:MemoryStat, 5 rdma:RdmaStat, 6 io:IOStat,
            7 hugetlb:HugeTlbStat[], 8 memory_events:MemoryEvents
        io.containerd.cgroups.v2.PSIData: 1 avg10:double, 2 avg60:double, 3 avg300:double, 4 total:uint64
        io.containerd.cgroups.v2.PSIStats: 1 some:PSIData, 2 full:PSIData
        io.containerd.cgroups.v2.PidsStat: 1 current:uint64, 2 limit:uint64
        io.containerd.cgroups.v2.CPUStat: 1 usage_usec:uint64, 2 user_usec:uint64, 3 system_usec:uint64, 4 nr_periods:uint64,
            5 nr_throttled:uint64, 6 throttled_usec:uint64, 7 psi:PSIStats
        io.containerd.cgroups.v2.MemoryEvents: 1 low:uint64, 2 high:uint64, 3 max:uint64, 4 oom:uint64, 5 oom_kill:uint64
        io.containerd.cgroups.v2.RdmaStat: 1 current:RdmaEntry[], 2 limit:RdmaEntry[]
        io.containerd.cgroups.v2.RdmaEntry: 1 device:string, 2 hca_handles:uint32, 3 hca_objects:uint32
        io.containerd.cgroups.v2.IOStat: 1 usage:IOEntry[], 2 psi:PSIStats
        io.containerd.cgroups.v2.IOEntry: 1 major:uint64, 2 minor:uint64, 3 rbytes:uint64, 4 wbytes:uint64, 5 rios:uint64, 6 wios:uint64
        io.containerd.cgroups.v2.HugeTlbStat: 1 current:uint64, 2 max:uint64, 3 pagesize:string
        io.containerd.cgroups.v2.MemoryStat: 1 anon:uint64, 2 file:uint64, 3 kernel_stack:uint64, 4 slab:uint64, 5 sock:uint64,
            6 shmem:uint64, 7 file_mapped:uint64, 8 file_dirty:uint64, 9 file_writeback:uint64, 10 anon_thp:uint64,
            11 inactive_anon:uint64, 12 active_anon:uint64, 13 inactive_file:uint64, 14 active_file:uint64, 15 unevictable:uint64,
            16 slab_reclaimable:uint64, 17 slab_unreclaimable:uint64, 18 pgfault:uint64, 19 pgmajfault:uint64,
            20 workingset_refault:uint64, 21 workingset_activate:uint64, 22 workingset_nodereclaim:uint64, 23 pgrefill:uint64,
            24 pgscan:uint64, 25 pgsteal:uint64, 26 pgactivate:uint64, 27 pgdeactivate:uint64, 28 pglazyfree:uint64,
            29 pglazyfreed:uint64, 30 thp_fault_alloc:uint64, 31 thp_collapse_alloc:uint64, 32 usage:uint64, 33 usage_limit:uint64,
            34 swap_usage:uint64, 35 swap_limit:uint64, 36 max_usage:uint64, 37 swap_max_usage:uint64, 38 psi:PSIStats
        """;

    public const string Enums = """
        containerd.v1.types.Status: 0=UNKNOWN, 1=CREATED, 2=RUNNING, 3=STOPPED, 4=PAUSED, 5=PAUSING
        containerd.runtime.bootstrap.v1.LogLevel: 0=LOG_LEVEL_INFO, -8=LOG_LEVEL_TRACE, -4=LOG_LEVEL_DEBUG, 4=LOG_LEVEL_WARN,
            8=LOG_LEVEL_ERROR, 10=LOG_LEVEL_FATAL, 12=LOG_LEVEL_PANIC
        """;
}
