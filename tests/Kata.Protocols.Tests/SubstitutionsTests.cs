using System.Reflection;
using System.Xml.Linq;
using Grpc.Core;

namespace Kata.Protocols.Tests;

/// <summary>What NativeAOT programs leave out of protobuf, against the assemblies it names.</summary>
[TestClass]
public sealed class SubstitutionsTests
{
    private static readonly XDocument Substitutions = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Kata.Protocols.Substitutions.xml"));

    [TestMethod]
    public void Services_All_GiveUpTheirDescriptor()
    {
        // One that is missing roots its .proto file with all messages in every program that serves it.
        var services = typeof(AnyPayload).Assembly.GetTypes()
            .Where(type => type.GetCustomAttribute<BindServiceMethodAttribute>() is not null)
            .Select(type => type.DeclaringType!.FullName!);
        CollectionAssert.AreEquivalent(services.ToList(), TypesOf("Kata.Protocols"));
    }

    [TestMethod]
    public void Protobuf_NamedMethods_Exist()
    {
        foreach (var element in Substitutions.Descendants("assembly").Single(IsOf("Google.Protobuf")).Elements("type"))
        {
            var type = typeof(Google.Protobuf.IMessage).Assembly.GetType(element.Attribute("fullname")!.Value, throwOnError: true)!;
            var signature = element.Element("method")!.Attribute("signature")!.Value;
            Assert.IsTrue(
                type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static).Any(method => SignatureOf(method) == signature),
                $"{type}: {signature}");
        }
    }

    private static List<string> TypesOf(string assembly) =>
        [.. Substitutions.Descendants("assembly").Single(IsOf(assembly)).Elements("type").Select(type => type.Attribute("fullname")!.Value)];

    private static Func<XElement, bool> IsOf(string assembly) => element => element.Attribute("fullname")!.Value == assembly;

    private static string SignatureOf(MethodInfo method) =>
        $"{method.ReturnType.FullName} {method.Name}({string.Join(',', method.GetParameters().Select(parameter => parameter.ParameterType.FullName))})";
}
