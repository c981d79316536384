using System.Collections.Immutable;
using System.Text.RegularExpressions;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using Microsoft.CodeAnalysis;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>
/// Compares emitted text letter for letter. Read a difference before accepting it: run with GPUCNN_WRITE_SNAPSHOTS set to the folder of the
/// snapshots, and look at what git shows.
/// </summary>
public sealed partial class SnapshotTests
{
    private static IEnumerable<TestCaseData> Texts =>
        from text in (KernelText[])[
            ScaleShift.Text, RowSum.Text, TiledGemm.Text, WindowPool.Text, HalfScale.Text, Histogram.Text, OddArithmetic.Text,
                AllFunctions.Text,
            ControlFlow.Text, OffsetNames.Text, Quotients.Text, Mapped<Scaled>.Text, Derivatives<Bent>.Text, Patterns.Text,
                UpperHalves.Text]
        from dialect in Enum.GetValues<KernelDialect>()
        select new TestCaseData(text, dialect).SetArgDisplayNames(text.Name, dialect.ToString());

    [TestCaseSource(nameof(Texts))]
    public void EmittedTextMatchesItsSnapshot(KernelText text, KernelDialect dialect) =>
        Compare($"{text.Name}.{(dialect == KernelDialect.Cuda ? "cu" : "cl")}", text.In(dialect) + "\n");

    [Test]
    public void HostCodeOfAKernelWithBarriersMatchesItsSnapshot() => Compare("RowSum.host.txt", HostCode("RowSum"));

    [Test]
    public void HostCodeOfAKernelWithConstantsMatchesItsSnapshot() => Compare("ScaleShift.host.txt", HostCode("ScaleShift"));

    [Test]
    public void HostCodeOfAGenericKernelMatchesItsSnapshot() => Compare("Mapped.host.txt", HostCode("Mapped"));

    /// <summary>Files with braces in their names are the kernels' own.</summary>
    [Test]
    public void HostCodeOfDispatchedMembers() => Compare("Dispatched.host.txt", string.Join("\n", Sources("Dispatched")
        .Where(source => !source.HintName.Contains('{', StringComparison.Ordinal))
        .Select(source => $"// {source.HintName}\n{source.SourceText}")));

    [Test]
    public void ConstantsPrecedeTheText()
    {
        string source = KernelText.Source(new ScaleShift(Curve.Sigmoid, -0.25f, default, default, 1, 2, 3), KernelDialect.OpenCl);
        Assert.That(source, Does.StartWith(
            "#define GROUP_SIZE_X 64\n#define GROUP_SIZE_Y 1\n#define GROUP_SIZE_Z 1\n"
            + "#define SPEC_curve 5\n#define SPEC_slope (-0.25f)\n\n"));
        Assert.That(source, Does.EndWith(ScaleShift.Text.OpenCl));
    }

    [Test]
    public void GroupSizeFollowsTheConstants()
    {
        string source = KernelText.Source(new TiledGemm(64, 16, default, default, default, 0, 0), KernelDialect.Cuda);
        Assert.That(source, Does.StartWith(
            "#define GROUP_SIZE_X 16\n#define GROUP_SIZE_Y 16\n#define GROUP_SIZE_Z 1\n#define SPEC_tile 64\n#define SPEC_depth 16\n"));
    }

    [Test]
    public void CudaOnlyKernelHasNoOpenClText()
    {
        Compare("FastSigmoid.cu", FastSigmoid.Text.Cuda + "\n");
        Assert.That(FastSigmoid.Text.IsCudaOnly);
        Assert.That(ScaleShift.Text.IsCudaOnly, Is.False);
        Assert.That(() => KernelText.Source(new FastSigmoid(default, default, 1), KernelDialect.OpenCl),
            Throws.TypeOf<NotSupportedException>().With.Message.EqualTo("Kernel FastSigmoid has no OpenCL text, "
                + "because it calls functions that only NVIDIA GPUs have."));
    }

    [Test]
    public void AssemblyListsItsKernelsByName() =>
        Assert.That(KernelText.All(typeof(SnapshotTests).Assembly).Select(text => text.Name),
            Is.SupersetOf(new[] { "Histogram", "Mapped_Negated", "Mapped_Nested", "Mapped_Scaled", "ScaleShift" }));

    /// <summary>The host code without the two texts, which have snapshots of their own, and without the folder of the sources.</summary>
    private static string HostCode(string kernel)
    {
        string code = Sources(kernel)[0].SourceText.ToString();
        return RawText().Replace(LinePath().Replace(code, "#line $1 \"$2\""), "=\n    ...;");
    }

    /// <summary>All that the generator adds to a sample.</summary>
    private static ImmutableArray<GeneratedSourceResult> Sources(string sample)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Compiler", "Samples", sample + ".cs");
        string source = File.ReadAllText(file).Replace("\r\n", "\n", StringComparison.Ordinal);
        return GeneratorRun.Driver().RunGenerators(GeneratorRun.Compilation(source)).GetRunResult().Results[0].GeneratedSources;
    }

    private static void Compare(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("GPUCNN_WRITE_SNAPSHOTS") is { Length: > 0 } folder)
        {
            File.WriteAllText(Path.Combine(folder, name), actual);
            Assert.Inconclusive("Written, not compared.");
        }
        string path = Path.Combine(AppContext.BaseDirectory, "Compiler", "Snapshots", name);
        Assert.That(path, Does.Exist);
        Assert.That(actual, Is.EqualTo(File.ReadAllText(path).Replace("\r\n", "\n", StringComparison.Ordinal)));
    }

    [GeneratedRegex("#line (\\d+) \"(?:[^\"]*[/\\\\])?([^\"/\\\\]+)\"")]
    private static partial Regex LinePath();

    [GeneratedRegex("=\n\"\"\"\".*?\"\"\"\";", RegexOptions.Singleline)]
    private static partial Regex RawText();
}
