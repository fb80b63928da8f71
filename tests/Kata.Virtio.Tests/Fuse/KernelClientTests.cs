namespace Kata.Virtio.Tests.Fuse;

/// <summary>Real programs on a real mount: see <see cref="KernelClient"/>.</summary>
[TestClass]
public sealed class KernelClientTests
{
    [TestMethod]
    [Timeout(120_000)]
    public async Task BasicOperations_Work()
    {
        using var client = new KernelClient();
        await client.RunAsync("""
            echo hello > a; test "$(cat $SHARE/a)" = hello; test "$(cat a)" = hello
            mkdir -p d/e; echo x > d/e/f; mv d/e/f d/g; test "$(cat d/g)" = x; rmdir d/e
            ln -s ../a d/link; test "$(cat d/link)" = hello; test "$(readlink d/link)" = ../a
            ln a b; test "$(stat -c %h a)" = 2; rm a; test "$(cat b)" = hello
            mkfifo p; test -p p; mknod n c 1 3; test "$(stat -c %t,%T n)" = 1,3
            chmod 640 b; chown 12:34 b; test "$(stat -c %a,%u,%g $SHARE/b)" = 640,12,34
            touch -d @1000000000.5 b; test "$(stat -c %.Y $SHARE/b)" = 1000000000.50 || stat -c %.Y $SHARE/b
            truncate -s 100000 b; test "$(stat -c %s $SHARE/b)" = 100000
            echo more >> d/g; test "$(cat $SHARE/d/g | tr '\n' ' ')" = "x more "
            seq 1 3000 | sed 's/^/file-with-a-long-name-/' | xargs touch; test "$(ls | wc -l)" = "$(ls $SHARE | wc -l)"
            diff <(ls -lan --time-style=full-iso . | tail -n +3 | grep -v ' \.\.$') <(ls -lan --time-style=full-iso $SHARE | tail -n +3 | grep -v ' \.\.$')
            stat -f . > /dev/null; sync .; sync
            """);
    }
}
