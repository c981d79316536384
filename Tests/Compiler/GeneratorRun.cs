using System.Collections.Immutable;
using GpuCnn.Compiler;
using GpuCnn.Kernels.Language;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace GpuCnn.Tests.Compiler;

/// <summary>Runs the generator over sources given as text.</summary>
internal static class GeneratorRun
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview);

    private static readonly Lazy<ImmutableArray<MetadataReference>> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)
                || Path.GetFileName(path) is "netstandard.dll" or "mscorlib.dll")
            .Append(typeof(KernelAttribute).Assembly.Location).Append(typeof(ILGPU.Context).Assembly.Location).Distinct()
            .Select(path => MetadataReference.CreateFromFile(path))]);

    private const string Usings = "global using System; global using GpuCnn.Kernels.Language;";

    public static CSharpCompilation Compilation(params string[] sources) => CSharpCompilation.Create("Kernels",
        [CSharpSyntaxTree.ParseText(Usings, Options, "Usings.cs"),
            .. sources.Select((source, i) => CSharpSyntaxTree.ParseText(source, Options, $"Kernel{i}.cs"))],
        References.Value, new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));

    public static GeneratorDriver Driver() =>
        CSharpGeneratorDriver.Create([new KernelGenerator().AsSourceGenerator()], parseOptions: Options,
            driverOptions: new(default, trackIncrementalGeneratorSteps: true));

    /// <summary>Returns the generator's diagnostics for a source, and the errors of all code including the generated.</summary>
    public static (ImmutableArray<Diagnostic> Diagnostics, ImmutableArray<Diagnostic> Errors,
        Compilation Output) Run(params string[] sources)
    {
        Driver().RunGeneratorsAndUpdateCompilation(Compilation(sources), out Compilation output,
            out ImmutableArray<Diagnostic> diagnostics);
        return (diagnostics, [.. output.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)], output);
    }
}
