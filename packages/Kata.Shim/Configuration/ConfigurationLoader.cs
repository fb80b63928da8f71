using Kata.Abstractions;
using Kata.Shim.Configuration.Annotations;
using Kata.Shim.Configuration.Toml;
using Kata.Shim.Resources.Sizing;

namespace Kata.Shim.Configuration;

/// <summary>
/// Makes the configuration of a sandbox in one ordered pass: file, drop-ins, annotations, defaults, sizing, validation. The section of
/// the selected hypervisor is checked; others may name files and hypervisors this installation does not have.
/// </summary>
internal static class ConfigurationLoader
{
    /// <summary>Loads the configuration.</summary>
    /// <exception cref="ConfigurationException">Something in it cannot be used; the message names file, line and key, or the package to add.</exception>
    public static KataConfiguration Load(ConfigurationRequest request, IReadOnlyList<IHypervisorProvider> providers)
    {
        var path = ConfigurationFiles.Locate(request.KataConfFile, request.ConfigPath, ConfigurationFiles.DefaultPaths);
        return Load(ConfigurationFiles.Read(path), path, request, providers);
    }

    /// <summary>Makes the configuration out of a table that was read from <paramref name="path"/>.</summary>
    internal static KataConfiguration Load(
        TomlTable root, string path, ConfigurationRequest request, IReadOnlyList<IHypervisorProvider> providers)
    {
        var warnings = new List<string>();
        var runtimeTable = root.GetOrAddTable("runtime", path);
        var runtime = new ConfigurationSection("runtime", runtimeTable, path);
        var hypervisorName = SelectedName(root, runtime, "hypervisor", request.Annotations, path, warnings);
        var agentName = SelectedName(root, runtime, "agent", request.Annotations, path, warnings);
        var provider = ProviderFor(hypervisorName, runtime, providers);
        var hypervisorTable = root.Table("hypervisor")?.Table(hypervisorName)
            ?? throw runtime.Error("hypervisor_name", $"There is no section [hypervisor.{hypervisorName}] in {path}.");
        var agentTable = root.Table("agent")?.Table(agentName)
            ?? throw runtime.Error("agent_name", $"There is no section [agent.{agentName}] in {path}.");

        new AnnotationOverlay(hypervisorTable, agentTable, runtimeTable, warnings).Apply(request.Annotations);

        var runtimeConfiguration = RuntimeSectionReader.Read(runtime, warnings);
        var agentConfiguration = AgentSectionReader.Read(new ConfigurationSection($"agent.{agentName}", agentTable, path), warnings);
        var workload = WorkloadSize.Of(request.Spec, request.Annotations);
        var (hypervisor, sharedFs) = HypervisorSectionReader.Read(
            hypervisorName,
            new ConfigurationSection($"hypervisor.{hypervisorName}", hypervisorTable, path),
            agentConfiguration.KernelParameters,
            sizing => runtimeConfiguration.StaticSizing ? sizing.For(workload, request.Host) : sizing.Defaults(request.Host),
            warnings);
        provider.Validate(hypervisor);
        return new KataConfiguration
        {
            HypervisorName = hypervisorName,
            Hypervisor = hypervisor,
            Agent = agentConfiguration,
            Runtime = runtimeConfiguration,
            SharedFs = sharedFs,
            SourcePath = path,
            Warnings = warnings,
        };
    }

    /// <summary>
    /// The name an annotation or the runtime section gives. Files of the Go runtime give none; there the only section of the kind counts.
    /// </summary>
    private static string SelectedName(
        TomlTable root, ConfigurationSection runtime, string kind, IReadOnlyDictionary<string, string> annotations, string path, List<string> warnings)
    {
        var key = $"{kind}_name";
        var configured = runtime.Text(key);
        if (annotations.TryGetValue(AnnotationRule.RuntimePrefix + key, out var annotated) && annotated.Length > 0)
        {
            return root.Table(kind)?.Table(annotated) is not null
                ? annotated
                : throw new ConfigurationException(AnnotationRule.RuntimePrefix + key, "annotation", $"There is no section [{kind}.{annotated}] in {path}.");
        }

        if (configured.Length > 0)
            return configured;
        var sections = root.Table(kind)?.Entries ?? [];
        if (sections.Count != 1)
            throw runtime.Error(key, $"The key must name one of the [{kind}.…] sections.");
        var only = sections.First();
        warnings.Add($"{path}: runtime.{key} is not set; the only section [{kind}.{only.Key}] is used.");
        return only.Key;
    }

    private static IHypervisorProvider ProviderFor(string name, ConfigurationSection runtime, IReadOnlyList<IHypervisorProvider> providers)
    {
        foreach (var provider in providers)
        {
            if (provider.Name == name)
                return provider;
        }

        var present = providers.Count == 0 ? "none" : string.Join(", ", providers.Select(provider => provider.Name));
        var remedy = KnownKeys.PackageOf(name) is { } package
            ? $"add a reference to package {package} to the shim's project and publish it again"
            : "add a reference to the package that brings it to the shim's project and publish it again";
        throw runtime.Error("hypervisor_name", $"This shim was built without hypervisor {name} (it has: {present}); {remedy}.");
    }
}
