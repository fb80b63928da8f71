namespace Kata.Protocols.Tests;

internal static class Samples
{
    /// <summary>Every member the records know, plus some they do not.</summary>
    public const string FullSpec = """
        {
          "ociVersion": "1.1.0",
          "process": {
            "terminal": true,
            "consoleSize": { "height": 24, "width": 80 },
            "user": { "uid": 1000, "gid": 1001, "umask": 18, "additionalGids": [10, 20], "username": "u" },
            "args": ["sh", "-c", "true"],
            "env": ["PATH=/bin", "EMPTY="],
            "cwd": "/work",
            "capabilities": {
              "bounding": ["CAP_CHOWN"], "effective": ["CAP_KILL"], "inheritable": ["CAP_FOWNER"], "permitted": ["CAP_SETUID"],
              "ambient": ["CAP_SETGID"]
            },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 1024 }],
            "noNewPrivileges": true,
            "apparmorProfile": "a",
            "oomScoreAdj": -500,
            "selinuxLabel": "s",
            "scheduler": { "policy": "SCHED_OTHER" },
            "futureProcess": 1.5
          },
          "root": { "path": "rootfs", "readonly": true },
          "hostname": "h",
          "domainname": "d",
          "mounts": [
            {
              "destination": "/data", "type": "bind", "source": "/src", "options": ["rbind", "ro"],
              "uidMappings": [{ "containerID": 0, "hostID": 100000, "size": 65536 }],
              "gidMappings": [{ "containerID": 0, "hostID": 100000, "size": 65536 }]
            }
          ],
          "hooks": {
            "prestart": [{ "path": "/a", "args": ["a", "b"], "env": ["A=1"], "timeout": 5 }],
            "createRuntime": [{ "path": "/b" }],
            "createContainer": [{ "path": "/c" }],
            "startContainer": [{ "path": "/d" }],
            "poststart": [{ "path": "/e" }],
            "poststop": [{ "path": "/f" }]
          },
          "annotations": { "io.kubernetes.cri.container-type": "sandbox" },
          "linux": {
            "uidMappings": [{ "containerID": 0, "hostID": 1, "size": 2 }],
            "gidMappings": [{ "containerID": 3, "hostID": 4, "size": 5 }],
            "sysctl": { "net.ipv4.ip_forward": "1" },
            "resources": {
              "devices": [{ "allow": false, "access": "rwm" }, { "allow": true, "type": "c", "major": 1, "minor": 3, "access": "r" }],
              "memory": {
                "limit": 1048576, "reservation": 524288, "swap": -1, "kernel": 1, "kernelTCP": 2, "swappiness": 60,
                "disableOOMKiller": true, "useHierarchy": true, "checkBeforeUpdate": true
              },
              "cpu": {
                "shares": 512, "quota": 50000, "burst": 100, "period": 100000, "realtimeRuntime": 10, "realtimePeriod": 20,
                "cpus": "0-1", "mems": "0", "idle": 1
              },
              "pids": { "limit": 100 },
              "blockIO": {
                "weight": 500, "leafWeight": 400,
                "weightDevice": [{ "major": 8, "minor": 0, "weight": 300, "leafWeight": 200 }],
                "throttleReadBpsDevice": [{ "major": 8, "minor": 1, "rate": 1 }],
                "throttleWriteBpsDevice": [{ "major": 8, "minor": 2, "rate": 2 }],
                "throttleReadIOPSDevice": [{ "major": 8, "minor": 3, "rate": 3 }],
                "throttleWriteIOPSDevice": [{ "major": 8, "minor": 4, "rate": 4 }]
              },
              "hugepageLimits": [{ "pageSize": "2MB", "limit": 4194304 }],
              "network": { "classID": 5, "priorities": [{ "name": "eth0", "priority": 6 }] },
              "rdma": { "mlx5_1": { "hcaHandles": 3, "hcaObjects": 10 } },
              "unified": { "memory.high": "1000" }
            },
            "cgroupsPath": "/cg/c",
            "namespaces": [{ "type": "pid" }, { "type": "network", "path": "/run/netns/n" }],
            "devices": [{ "path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 1, "gid": 2 }],
            "seccomp": {
              "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"], "flags": ["F"],
              "listenerPath": "/l", "listenerMetadata": "m",
              "syscalls": [
                {
                  "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
                  "args": [{ "index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ" }]
                }
              ]
            },
            "rootfsPropagation": "rslave",
            "maskedPaths": ["/proc/kcore"],
            "readonlyPaths": ["/proc/sys"],
            "mountLabel": "ml",
            "intelRdt": { "closID": "c", "schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20" },
            "personality": { "domain": "LINUX32", "flags": [] },
            "timeOffsets": { "monotonic": { "secs": 1, "nanosecs": 2 } }
          },
          "windows": { "layerFolders": [] },
          "futureTop": { "nested": [true, "x"] }
        }
        """;

    /// <summary>What is left of <see cref="FullSpec"/> once it went through the agent's form.</summary>
    public const string SpecAfterAgent = """
        {
          "ociVersion": "1.1.0",
          "process": {
            "terminal": true,
            "consoleSize": { "height": 24, "width": 80 },
            "user": { "uid": 1000, "gid": 1001, "additionalGids": [10, 20], "username": "u" },
            "args": ["sh", "-c", "true"],
            "env": ["PATH=/bin", "EMPTY="],
            "cwd": "/work",
            "capabilities": {
              "bounding": ["CAP_CHOWN"], "effective": ["CAP_KILL"], "inheritable": ["CAP_FOWNER"], "permitted": ["CAP_SETUID"],
              "ambient": ["CAP_SETGID"]
            },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 1024 }],
            "noNewPrivileges": true,
            "apparmorProfile": "a",
            "oomScoreAdj": -500,
            "selinuxLabel": "s"
          },
          "root": { "path": "rootfs", "readonly": true },
          "hostname": "h",
          "mounts": [{ "destination": "/data", "type": "bind", "source": "/src", "options": ["rbind", "ro"] }],
          "hooks": {
            "prestart": [{ "path": "/a", "args": ["a", "b"], "env": ["A=1"], "timeout": 5 }],
            "createRuntime": [{ "path": "/b" }],
            "createContainer": [{ "path": "/c" }],
            "startContainer": [{ "path": "/d" }],
            "poststart": [{ "path": "/e" }],
            "poststop": [{ "path": "/f" }]
          },
          "annotations": { "io.kubernetes.cri.container-type": "sandbox" },
          "linux": {
            "uidMappings": [{ "containerID": 0, "hostID": 1, "size": 2 }],
            "gidMappings": [{ "containerID": 3, "hostID": 4, "size": 5 }],
            "sysctl": { "net.ipv4.ip_forward": "1" },
            "resources": {
              "devices": [{ "allow": false, "access": "rwm" }, { "allow": true, "type": "c", "major": 1, "minor": 3, "access": "r" }],
              "memory": {
                "limit": 1048576, "reservation": 524288, "swap": -1, "kernel": 1, "kernelTCP": 2, "swappiness": 60, "disableOOMKiller": true
              },
              "cpu": {
                "shares": 512, "quota": 50000, "period": 100000, "realtimeRuntime": 10, "realtimePeriod": 20, "cpus": "0-1", "mems": "0"
              },
              "pids": { "limit": 100 },
              "blockIO": {
                "weight": 500, "leafWeight": 400,
                "weightDevice": [{ "major": 8, "minor": 0, "weight": 300, "leafWeight": 200 }],
                "throttleReadBpsDevice": [{ "major": 8, "minor": 1, "rate": 1 }],
                "throttleWriteBpsDevice": [{ "major": 8, "minor": 2, "rate": 2 }],
                "throttleReadIOPSDevice": [{ "major": 8, "minor": 3, "rate": 3 }],
                "throttleWriteIOPSDevice": [{ "major": 8, "minor": 4, "rate": 4 }]
              },
              "hugepageLimits": [{ "pageSize": "2MB", "limit": 4194304 }],
              "network": { "classID": 5, "priorities": [{ "name": "eth0", "priority": 6 }] }
            },
            "cgroupsPath": "/cg/c",
            "namespaces": [{ "type": "pid" }, { "type": "network", "path": "/run/netns/n" }],
            "devices": [{ "path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 1, "gid": 2 }],
            "seccomp": {
              "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "flags": ["F"],
              "syscalls": [
                {
                  "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
                  "args": [{ "index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ" }]
                }
              ]
            },
            "rootfsPropagation": "rslave",
            "maskedPaths": ["/proc/kcore"],
            "readonlyPaths": ["/proc/sys"],
            "mountLabel": "ml",
            "intelRdt": { "l3CacheSchema": "L3:0=f" }
          }
        }
        """;
}
