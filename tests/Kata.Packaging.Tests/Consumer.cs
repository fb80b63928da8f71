using System.Text.Json;

namespace Kata.Packaging.Tests;

/// <summary>A project outside of the checkout that knows the packages only through the packed feed.</summary>
internal sealed class Consumer : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kata-consumer-");

    public Consumer(string program, string properties, params string[] packages)
    {
        var version = Repository.Packages()[0].Version;
        var references = string.Concat(packages.Select(id => $"<PackageReference Include=\"{id}\" Version=\"{version}\" />"));
        Write("consumer.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable>{properties}</PropertyGroup>
              <PropertyGroup>
                <RestorePackagesPath>$(MSBuildProjectDirectory)/packages</RestorePackagesPath>
                <RestoreAdditionalProjectFallbackFolders>$([System.Environment]::GetEnvironmentVariable('HOME'))/.nuget/packages</RestoreAdditionalProjectFallbackFolders>
              </PropertyGroup>
              <ItemGroup>{references}</ItemGroup>
            </Project>
            """);
        Write("nuget.config", $"""
            <configuration><packageSources><add key="kata" value="{Repository.Feed}" /></packageSources></configuration>
            """);
        Write("Program.cs", program);
    }

    public string PathOf(string file) => Path.Combine(_directory.FullName, file);

    /// <summary>The packages of the restored project, with versions.</summary>
    public IReadOnlyList<string> Closure()
    {
        using var assets = JsonDocument.Parse(File.ReadAllText(PathOf("obj/project.assets.json")));
        return [.. assets.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name).Order(StringComparer.Ordinal)];
    }

    public Task<(int ExitCode, string Output)> DotnetAsync(CancellationToken cancellationToken, params string[] arguments) =>
        RunAsync("dotnet", cancellationToken, arguments);

    public Task<(int ExitCode, string Output)> RunAsync(string program, CancellationToken cancellationToken, params string[] arguments) =>
        Tool.RunAsync(program, arguments, _directory.FullName, cancellationToken);

    public void Dispose() => _directory.Delete(recursive: true);

    private void Write(string file, string text) => File.WriteAllText(PathOf(file), text);
}
