using System.Text;
using GpuCnn.Compiler.Analysis;
using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Host;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace GpuCnn.Compiler;

/// <summary>
/// Translates kernels written in C# to CUDA C and OpenCL C: analyzes each struct marked [Kernel], prints its model in each dialect, and
/// adds the code that hosts launch it with. The result of each stage is a value; if it did not change, no later stage runs again.
/// </summary>
[Generator]
public sealed class KernelGenerator : IIncrementalGenerator
{
    /// <summary>Names of the stages, for tests of which run again.</summary>
    public const string AnalyzedStage = "Analyzed", DiagnosticsStage = "Diagnostics", HostCodeStage = "HostCode",
        DispatchesStage = "Dispatches";

    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<AnalyzedKernel> kernels = context.SyntaxProvider
            .ForAttributeWithMetadataName(KernelLanguage.KernelAttribute, (node, _) => node is TypeDeclarationSyntax,
                KernelAnalyzer.Analyze)
            .WithTrackingName(AnalyzedStage);

        IncrementalValuesProvider<AnalyzedDispatch> dispatches = context.SyntaxProvider
            .ForAttributeWithMetadataName(KernelLanguage.DispatchedAttribute, (_, _) => true, DispatchAnalyzer.Analyze);

        IncrementalValuesProvider<DiagnosticInfo> diagnostics = kernels
            .SelectMany((kernel, _) => kernel.Diagnostics)
            // Report a helper's error once, however many kernels call it.
            .Collect().Combine(dispatches.SelectMany((dispatch, _) => dispatch.Diagnostics).Collect())
            .SelectMany((all, _) => all.Left.Concat(all.Right).Distinct())
            .WithTrackingName(DiagnosticsStage);
        context.RegisterSourceOutput(diagnostics, (output, info) => output.ReportDiagnostic(info.ToDiagnostic()));

        // Leave out the diagnostics: their places move whenever a line above them is added.
        IncrementalValuesProvider<HostCode> sources = kernels
            .Where(kernel => kernel.Host is not null)
            .Select((kernel, _) => (Host: kernel.Host!, kernel.Kernels))
            .SelectMany((kernel, _) => DescriptorWriter.Write(kernel.Host, kernel.Kernels))
            .WithTrackingName(HostCodeStage);
        context.RegisterSourceOutput(sources,
            (output, source) => output.AddSource(source.FileName, SourceText.From(source.Text, Encoding.UTF8)));

        IncrementalValuesProvider<DispatchModel> calls = dispatches
            .Where(dispatch => dispatch.Model is not null).Select((dispatch, _) => dispatch.Model!)
            .WithTrackingName(DispatchesStage);
        context.RegisterSourceOutput(calls, (output, model) =>
            output.AddSource(model.FileName, SourceText.From(DispatchWriter.Write(model), Encoding.UTF8)));
    }
}
