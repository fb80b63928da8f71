using Kata.Guest.Agent;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class AgentOptionsTests
{
    [TestMethod]
    public void WithKernelCommandLine_RuntimesParameters_AreTaken()
    {
        var options = new AgentOptions().WithKernelCommandLine(
            "console=hvc0 quiet agent.log=debug agent.log_vport=1025 agent.server_addr=vsock://-1:2048 agent.hotplug_timeout=10 "
            + "agent.container_pipe_size=2097152 agent.container_pipe_size=65536 systemd.unified_cgroup_hierarchy=1\n");

        Assert.AreEqual(LogLevel.Debug, options.LogLevel);
        Assert.AreEqual(1025u, options.LogPort);
        Assert.AreEqual(2048u, options.ServerAddress.Port);
        Assert.AreEqual(TimeSpan.FromSeconds(10), options.HotplugTimeout);
        Assert.AreEqual(65536, options.PipeSize);
    }

    [TestMethod]
    [DataRow("agent.log=loud")]
    [DataRow("agent.log_vport=0 agent.log_vport=99999999999 agent.log_vport=-1")]
    [DataRow("agent.server_addr=tcp://x agent.server_addr=")]
    [DataRow("agent.hotplug_timeout=-1 agent.hotplug_timeout=soon agent.hotplug_timeout")]
    [DataRow("log=debug agent. agent.unknown=1")]
    public void WithKernelCommandLine_SenselessValues_ChangeNothing(string commandLine) =>
        Assert.AreEqual(new AgentOptions(), new AgentOptions().WithKernelCommandLine(commandLine));

    [TestMethod]
    public void Default_ServerAddress_IsTheAgentsVsockPort() =>
        Assert.AreEqual(TtrpcAddress.Parse("vsock://-1:1024"), new AgentOptions().ServerAddress);
}
