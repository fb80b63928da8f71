using System.Reflection;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Kata.Guest.Agent.Rpc;
using Kata.Protocols.Agent;
using Kata.Ttrpc;

namespace Kata.Guest.Tests.Agent;

/// <summary>The methods are bound one by one, so one could be forgotten.</summary>
[TestClass]
public sealed class ServiceMethodsTests
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(static bytes => bytes, static bytes => bytes);

    [TestMethod]
    [DataRow("grpc.AgentService", typeof(AgentService.Methods))]
    [DataRow("grpc.Health", typeof(Health.Methods))]
    public async Task AddTo_ServesEveryMethod(string service, Type methods)
    {
        await using var pair = TtrpcPair.Create(
            static _ => { }, new TtrpcServerOptions { Middleware = static (_, _) => throw new RpcException(new Status(StatusCode.Aborted, "bound")) });
        ((GuestAgentService)RuntimeHelpers.GetUninitializedObject(typeof(GuestAgentService))).AddTo(pair.Server);
        new HealthService().AddTo(pair.Server);
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
