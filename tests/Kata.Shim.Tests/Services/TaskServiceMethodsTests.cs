using System.Reflection;
using Grpc.Core;
using Kata.Shim.Services;
using Kata.Ttrpc;
using TaskApi = Kata.Protocols.Containerd.Services.Task;

namespace Kata.Shim.Tests.Services;

/// <summary>The methods are bound one by one, so one could be forgotten.</summary>
[TestClass]
public sealed class TaskServiceMethodsTests
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(static bytes => bytes, static bytes => bytes);

    [TestMethod]
    [DataRow(TaskService.Version2Name, typeof(TaskApi.Methods))]
    [DataRow(TaskService.Version3Name, typeof(TaskApi.Methods))]
    public async Task AddTo_ServesEveryMethod(string service, Type methods)
    {
        await using var pair = TtrpcPair.Create(
            static _ => { }, new TtrpcServerOptions { Middleware = static (_, _) => throw new RpcException(new Status(StatusCode.Aborted, "bound")) });
        new TaskService(null!, static _ => { }).AddTo(pair.Server);
        var names = methods.GetProperties(BindingFlags.Public | BindingFlags.Static).Select(property => property.Name).ToList();
        Assert.IsNotEmpty(names);
        foreach (var name in names)
        {
            var method = new Method<byte[], byte[]>(MethodType.Unary, service, name, Bytes, Bytes);
            var exception = await Assert.ThrowsExactlyAsync<RpcException>(() => pair.Channel.CallAsync(method, []), name);
            Assert.AreEqual("bound", exception.Status.Detail, name);
        }
    }
}
