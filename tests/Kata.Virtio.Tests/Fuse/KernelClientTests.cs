using CsCheck;
using Kata.Linux;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>Real programs on a real mount: see <see cref="KernelClient"/>.</summary>
[TestClass]
public sealed class KernelClientTests
{
    [TestMethod]
    [Timeout(120_000)]
    public async Task Names_AreThoseOfTheDirectory()
    {
        using var client = new KernelClient();
        await client.RunAsync("""
            echo hello > a; test "$(cat $SHARE/a)" = hello; test "$(cat a)" = hello
            mkdir -p d/e; echo x > d/e/f; mv d/e/f d/g; test "$(cat d/g)" = x; rmdir d/e
            ln -s ../a d/link; test "$(cat d/link)" = hello; test "$(readlink d/link)" = ../a
            ln a b; test "$(stat -c %h a)" = 2; rm a; test "$(cat b)" = hello
            ln -P d/link d/hard; test "$(readlink $SHARE/d/hard)" = ../a; test "$(stat -c %h d/link)" = 2
            mkfifo p; test -p $SHARE/p; (echo through > p &); test "$(cat p)" = through
            mknod n c 1 3; test "$(stat -c %t,%T $SHARE/n)" = 1,3; echo x > n
            printf x > $'not\xffutf8'; test "$(stat -c %s $SHARE/$'not\xffutf8')" = 1
            echo more >> d/g; test "$(cat $SHARE/d/g | tr '\n' ' ')" = "x more "
            seq 1 3000 | sed 's/^/file-with-a-long-name-/' | xargs touch; test "$(ls | wc -l)" = "$(ls $SHARE | wc -l)"
            diff <(find . -printf '%p %y %s %m %n %U %G %T@ %l\n' | sort) <(cd $SHARE; find . -printf '%p %y %s %m %n %U %G %T@ %l\n' | sort)
            rm -rf *; test -z "$(ls -A $SHARE)"
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task Attributes_AreThoseOfTheDirectory()
    {
        using var client = new KernelClient();
        await client.RunAsync("""
            echo x > b; chmod 640 b; chown 12:34 b; test "$(stat -c %a,%u,%g $SHARE/b)" = 640,12,34
            touch -d @1000000000.25 b; test "$(stat -c %.2Y $SHARE/b)" = 1000000000.25
            truncate -s 100000 b; test "$(stat -c %s $SHARE/b)" = 100000
            ln -s nowhere l; chown -h 5:6 l; touch -hd @12345 l; test "$(stat -c %u,%g,%Y $SHARE/l)" = 5,6,12345
            chmod 4755 b; chown 7 b; test "$(stat -c %a $SHARE/b)" = 755
            chmod 6777 b; setpriv --reuid 1000 --clear-groups bash -c 'echo y >> b'; test "$(stat -c %a $SHARE/b)" = 777
            chmod 6777 b; setpriv --reuid 1000 --clear-groups truncate -s 3 b; test "$(stat -c %a $SHARE/b)" = 777
            chmod 6777 b; echo y >> b; test "$(stat -c %a $SHARE/b)" = 6777
            test "$(stat -f -c %b,%s .)" = "$(stat -f -c %b,%s $SHARE)"
            test "$(stat -c %W b)" != 0 -o "$(stat -c %W $SHARE/b)" = 0
            sync b; sync -d b; sync -f .
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task WhatAUserMakes_IsTheUsers()
    {
        using var client = new KernelClient();
        await client.RunAsync("""
            chmod 777 .; as() { setpriv --reuid 1000 --regid 1001 "$@"; }
            as --clear-groups bash -c 'umask 027; touch f; mkdir d; mkfifo p; ln -s x l; umask 077; touch g'
            cd $SHARE; test "$(stat -c '%n %u %g %a' f d p g | tr '\n' ' ')" = "f 1000 1001 640 d 1000 1001 750 p 1000 1001 640 g 1000 1001 600 "
            test "$(stat -c '%u %g' l)" = "1000 1001"; cd - > /dev/null
            mkdir s; chmod 2777 s; chgrp 55 s; as --clear-groups bash -c 'umask 0; touch s/f; mkdir s/d'
            test "$(stat -c '%u %g %a' $SHARE/s/f)" = "1000 55 666"; test "$(stat -c '%u %g %a' $SHARE/s/d)" = "1000 55 2777"
            mkdir h; chmod 770 h; chgrp 77 h
            as --groups 77 touch h/f; test "$(stat -c '%u %g' $SHARE/h/f)" = "1000 1001"
            ! as --clear-groups touch h/no 2> /dev/null; ! as --clear-groups cat h/f 2> /dev/null
            mkdir t; chmod 1777 t; touch t/root; ! as --clear-groups rm -f t/root 2> /dev/null; test -e $SHARE/t/root
            touch after; test "$(stat -c %u,%g $SHARE/after)" = 0,0
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task ExtendedAttributes_AreThoseOfTheHost()
    {
        Require("python3");
        using var client = new KernelClient();
        await client.RunAsync("""
            cat > x.py <<'END'
            import os, errno
            share = os.environ['SHARE'] + '/'
            def fails(number, call, *arguments, **options):
                try: call(*arguments, **options)
                except OSError as e: assert e.errno == number, e
                else: assert False
            open('f', 'w').close()
            for name, value in (('user.a', b'value'), ('user.b', b''), ('trusted.c', b'\0\1'), ('user.big', b'x' * 3000)):
                os.setxattr('f', name, value)
                assert os.getxattr(share + 'f', name) == value and os.getxattr('f', name) == value
            assert sorted(os.listxattr('f')) == sorted(os.listxattr(share + 'f'))
            fails(errno.EEXIST, os.setxattr, 'f', 'user.a', b'x', os.XATTR_CREATE)
            fails(errno.ENODATA, os.setxattr, 'f', 'user.none', b'x', os.XATTR_REPLACE)
            os.removexattr('f', 'user.a')
            fails(errno.ENODATA, os.getxattr, 'f', 'user.a')
            os.symlink('f', 'l')
            fails(errno.EPERM, os.setxattr, 'l', 'user.a', b'x', follow_symlinks=False)
            os.setxattr('l', 'trusted.a', b'x', follow_symlinks=False)
            assert os.listxattr('l', follow_symlinks=False) == ['trusted.a'] and 'trusted.a' not in os.listxattr('f')
            END
            python3 x.py
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task SystemCallsOfNewerLinux_Work()
    {
        Require("python3");
        using var client = new KernelClient();
        await client.RunAsync("""
            cat > x.py <<'END'
            import ctypes, os, errno
            libc = ctypes.CDLL(None, use_errno=True)
            share = os.environ['SHARE'] + '/'
            def rename(old, new, flags):
                return 0 if libc.renameat2(-100, old, -100, new, flags) == 0 else ctypes.get_errno()
            def write(name, text): open(name, 'w').write(text)
            def read(name): return open(share + name).read()
            write('a', 'a'); write('b', 'b')
            assert rename(b'a', b'b', 1) == errno.EEXIST
            assert rename(b'a', b'c', 1) == 0 and read('c') == 'a'
            assert rename(b'c', b'b', 2) == 0 and read('b') == 'a' and read('c') == 'b'
            assert rename(b'b', b'w', 4) == 0 and os.stat(share + 'b').st_rdev == 0 and os.stat(share + 'w').st_size == 1
            fd = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600)
            os.write(fd, b'temporary')
            os.link('/proc/self/fd/%d' % fd, 'named', src_dir_fd=os.open('/', os.O_RDONLY), follow_symlinks=True)
            assert read('named') == 'temporary'
            os.unlink('named'); assert os.fstat(fd).st_nlink == 0 and os.pread(fd, 9, 0) == b'temporary'
            with open('sparse', 'wb') as f: f.truncate(1 << 20); f.seek(500000); f.write(b'x'); f.flush()
            s = os.open('sparse', os.O_RDWR)
            assert os.lseek(s, 0, os.SEEK_DATA) == os.lseek(os.open(share + 'sparse', os.O_RDONLY), 0, os.SEEK_DATA) > 400000
            t = os.open('copy', os.O_RDWR | os.O_CREAT)
            assert os.copy_file_range(s, t, 1000, 499990) == 1000 and os.pread(t, 1000, 0)[10:11] == b'x'
            os.posix_fallocate(t, 0, 12345); assert os.stat(share + 'copy').st_size == 12345
            # A file goes on after its name has gone, and a directory reads on while it changes.
            d = os.open('held', os.O_RDWR | os.O_CREAT); os.unlink('held'); os.write(d, b'held')
            assert os.pread(d, 4, 0) == b'held' and os.fstat(d).st_size == 4
            END
            python3 x.py
            """);
    }

    [TestMethod]
    [DataRow(FileSystemCache.Never)]
    [DataRow(FileSystemCache.Auto)]
    [DataRow(FileSystemCache.Always)]
    [Timeout(120_000)]
    public async Task RandomFileOperations_KeepTheContent(FileSystemCache cache)
    {
        Require("gcc");
        using var client = new KernelClient(options => options with { Cache = cache });
        var source = Path.Combine(AppContext.BaseDirectory, "Guest", "file-exerciser.c");
        await client.RunAsync($"""
            gcc -O1 -o $SHARE/exerciser {source}
            for seed in 1 2 3; do ./exerciser file $seed 2000; done
            ./exerciser one 4 2000 & first=$!; ./exerciser two 5 2000; wait $first
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task Trees_SurviveToolsThatMakeAndCheckThem()
    {
        using var client = new KernelClient();
        await client.RunAsync("""
            mkdir a; for i in $(seq 1 20); do mkdir -p a/d$i/e; for j in $(seq 1 20); do head -c $((i * j * 37)) /dev/urandom > a/d$i/f$j; done; done
            ln -s d1/f1 a/link; ln a/d1/f1 a/hard; chmod 751 a/d2; chown 3:4 a/d3/f1
            cp -a a b; diff -r --no-dereference a b
            tar cf - a | tar xf - -C b; diff -r --no-dereference a b/a
            (cd $SHARE; tar cf - a) > t1; tar cf - --sort=name a > /dev/null
            mkdir n; tar xf t1 -C n; diff -r --no-dereference $SHARE/a $SHARE/n/a
            rm -rf b n; test ! -e $SHARE/b
            if command -v git > /dev/null; then
                git init -q r; cd r; git config user.name n; git config user.email e; cp -a ../a/d* .; git add .; git commit -qm one
                git clone -q . ../c; cd ../c; git fsck; test -z "$(git status --short)"
            fi
            """);
    }

    /// <summary>Positions in directories of a ramfs, as of a tmpfs before Linux 6.6, count the entries that are there at the time.</summary>
    [TestMethod]
    [Timeout(120_000)]
    public async Task Directories_EmptiedWhileTheyAreRead_EndEmpty()
    {
        Require("python3");
        using var directory = new TemporaryDirectory();
        using var mount = new TemporaryMount(directory.Path, "ramfs");
        using var client = new KernelClient(options => options with { Path = directory.Path });
        await client.RunAsync("""
            mkdir many; cd many; seq 1 1000 | xargs touch; cd ..
            python3 -c 'import os; [os.unlink(entry.path) for entry in os.scandir("many")]'
            rmdir many
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task HostLocks_HoldOnTheHost()
    {
        Require("python3");
        using var client = new KernelClient(options => options with { HostLocks = true });
        await client.RunAsync("""
            cat > x.py <<'END'
            import fcntl, os, errno, time
            share = os.environ['SHARE'] + '/'
            def refused(f, call, *arguments):
                try: call(f, *arguments)
                except OSError as e: assert e.errno in (errno.EAGAIN, errno.EACCES), e; return True
                return False
            here = open('f', 'w+'); there = open(share + 'f', 'r+')
            fcntl.lockf(here, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 100)
            assert refused(there, fcntl.lockf, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 105)
            assert not refused(there, fcntl.lockf, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 200)
            assert refused(here, fcntl.lockf, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 205)
            fcntl.lockf(here, fcntl.LOCK_UN, 10, 100)
            assert not refused(there, fcntl.lockf, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 105)
            again = open('g', 'w+'); fcntl.lockf(again, fcntl.LOCK_EX | fcntl.LOCK_NB); again.close()
            assert not refused(open(share + 'g', 'r+'), fcntl.lockf, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(here, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert refused(there, fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            here.close()
            # The kernel does not wait for its RELEASE.
            for i in range(100):
                if not refused(there, fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB): break
                time.sleep(0.05)
            else: assert False
            END
            python3 x.py
            """);
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task MountsBelowTheDirectory_AppearWhileTheGuestRuns()
    {
        using var client = new KernelClient();
        var target = Path.Combine(client.Share, "rootfs");
        var other = Path.Combine(client.Share, "other");
        Directory.CreateDirectory(target);
        Directory.CreateDirectory(other);
        await client.RunAsync("test -z \"$(ls rootfs)\"; echo under > rootfs/under");
        var overlay = Path.Combine(client.Share, "overlay");
        foreach (var name in new[] { "lower", "upper", "work" })
            Directory.CreateDirectory(Path.Combine(overlay, name));
        File.WriteAllText(Path.Combine(overlay, "lower", "base"), "base");
        MountPoint.Mount("tmpfs", other, "tmpfs", data: "size=1m");
        MountPoint.Mount(
            "overlay", target, "overlay", data: $"lowerdir={overlay}/lower,upperdir={overlay}/upper,workdir={overlay}/work");
        try
        {
            await client.RunAsync("""
                sleep 1.1
                test "$(cat rootfs/base)" = base; test ! -e rootfs/under
                echo new > rootfs/base; mkdir rootfs/d; mv rootfs/base rootfs/d/; rm -rf rootfs/d
                test ! -e $SHARE/rootfs/base; test "$(cat overlay/lower/base)" = base; echo t > other/t
                test "$(stat -f -c %b other)" != "$(stat -f -c %b .)"
                cd rootfs; seq 1 300 | xargs touch; test "$(ls | wc -l)" = 300; test "$(ls $SHARE/overlay/upper | wc -l)" = 301
                """);
        }
        finally
        {
            MountPoint.Unmount(target, detach: true);
            MountPoint.Unmount(other, detach: true);
        }

        await client.RunAsync("sleep 1.1; test \"$(cat rootfs/under)\" = under; test ! -e other/t");
    }

    [TestMethod]
    [Timeout(120_000)]
    public async Task ChangesOnTheHost_AreSeen_WhenTheFileIsOpened()
    {
        using var client = new KernelClient();
        await client.RunAsync("""
            echo one > f; touch -d @1000000000 f; sleep 3; cat f f > /dev/null; test "$(cat f)" = one
            echo two > $SHARE/f; touch -d @1000000000 $SHARE/f; test "$(cat f)" = two
            sleep 3; test "$(cat f)" = two; test "$(cat f)" = two
            printf 'longer text' > $SHARE/f; sleep 1.1; test "$(cat f)" = 'longer text'
            """);
    }

    /// <summary>The same random commands in the mount and in a plain directory: the same answers, the same tree.</summary>
    [TestMethod]
    [Timeout(120_000)]
    public async Task RandomCommands_DoWhatTheyDoWithoutUs()
    {
        using var client = new KernelClient(options => options with { Cache = FileSystemCache.Never });
        var path = AnyOf("a", "b", "c", "d", "a/x", "b/x", "c/y", "d/y", "a/x/z");
        var command = Gen.Select(
            AnyOf(
                "mkdir {0}", "rmdir {0}", "mv -T {0} {1}", "ln {0} {1}", "ln -s {1} {0}", "rm {0}", "cat {0}", "echo {1} > {0}", "echo {1} >> {0}",
                "chmod 640 {0}", "truncate -s 7 {0}", "stat -c %s,%a,%h,%F {0}", "ls {0}", "mkfifo {0}.p", "touch -d @77 {0}", "readlink {0}", "cp {0} {1}"),
            path, path, (text, one, two) => string.Format(System.Globalization.CultureInfo.InvariantCulture, text, one, two));
        string[] commands = [];
        command.Array[400].Sample(generated => commands = generated, iter: 1, threads: 1);
        var script = string.Join('\n', commands.Select(line => $"timeout 5 {(line.Contains('>', StringComparison.Ordinal) ? $"sh -c '{line}'" : line)} 2>&1 || true"));
        var listing = "find . -printf '%p %y %s %m %n %l\\n' | grep -v '^\\. ' | sed -E 's/( d) [0-9]+/\\1/' | sort";
        var ours = await client.RunAsync($"mkdir m; cd m\n{script}\n{listing}");
        var native = await client.RunAsync($"mkdir -p $SHARE/../plain; cd $SHARE/../plain\n{script}\n{listing}");
        Assert.AreEqual(native, ours, string.Join('\n', commands));
    }

    private static Gen<string> AnyOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(index => texts[index]);

    private static void Require(string program)
    {
        if (!File.Exists($"/usr/bin/{program}"))
            Assert.Inconclusive($"needs Debian's {program}");
    }
}
