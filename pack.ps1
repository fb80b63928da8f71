#!/usr/bin/env pwsh
# Packs every package into artifacts/packages and prints a table of them. The logic is in MSBuild (Directory.Solution.targets):
# on a machine without PowerShell, `dotnet pack` at the root does the same.
param([string] $Configuration = 'Release')

$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
dotnet pack Kata.slnx --configuration $Configuration --nologo -v minimal
exit $LASTEXITCODE
