using System.Reflection;
using Grpc.Core;
using Kata.Protocols.Agent;
using Services = Kata.Protocols.Containerd.Services;

namespace Kata.Protocols.Tests;

/// <summary>The methods as values, against the generated services.</summary>
[TestClass]
public sealed class ServiceMethodsTests
{
    [TestMethod]
    [DataRow(typeof(AgentService.Methods), typeof(AgentService.AgentServiceBase))]
    [DataRow(typeof(Health.Methods), typeof(Health.HealthBase))]
    [DataRow(typeof(Services.Task.Methods), typeof(Services.Task.TaskBase))]
    [DataRow(typeof(Services.Events.Methods), typeof(Services.Events.EventsBase))]
    public void Methods_AreThoseOfTheService(Type methods, Type service)
    {
        var handlers = service.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).ToDictionary(
            method => method.Name, method => (method.GetParameters()[0].ParameterType, method.ReturnType.GetGenericArguments()[0]));
        var properties = methods.GetProperties(BindingFlags.Public | BindingFlags.Static);
        CollectionAssert.AreEquivalent(handlers.Keys.ToList(), properties.Select(property => property.Name).ToList());
        foreach (var property in properties)
        {
            var messages = property.PropertyType.GetGenericArguments();
            Assert.AreEqual(handlers[property.Name], (messages[0], messages[1]), property.Name);
            Assert.AreEqual(property.Name, ((IMethod)property.GetValue(null)!).Name);
        }
    }
}
