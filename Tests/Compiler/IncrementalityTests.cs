using GpuCnn.Compiler;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>What runs again on the next keystroke.</summary>
public sealed class IncrementalityTests
{
    private const string Kernel = """
        namespace Sample;

        [Kernel(64)]
        public readonly partial struct Scale(View<float> y, [Specialization] int n)
        {
            public void Execute()
            {
                Group.Barrier();
                if (GlobalId.X < n) y[GlobalId.X] = Other.Twice(y[GlobalId.X]);
            }
        }
        """;

    private const string Helper = """
        namespace Sample;

        public static class Other
        {
            public static float Twice(float x) => x * 2;

            public static int Unused() => 1;
        }
        """;

    [TestCase("=> 1;", "=> 2;", TestName = "Another method of the file of a helper")]
    [TestCase("public static class Other", "// remark\npublic static class Other", TestName = "A remark above a helper")]
    public void AnUnrelatedEditEmitsNothing(string from, string to)
    {
        GeneratorRunResult result = RunTwice(Helper, Helper.Replace(from, to, StringComparison.Ordinal));
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage), Is.All.AnyOf(IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged));
        Assert.That(result.TrackedOutputSteps.Values.SelectMany(steps => steps).SelectMany(step => step.Outputs).Select(output => output.Reason), Is.All.EqualTo(IncrementalStepRunReason.Cached));
    }

    [Test]
    public void AnEditOfAHelperEmitsTheKernelAgain()
    {
        GeneratorRunResult result = RunTwice(Helper, Helper.Replace("x * 2", "x * 3", StringComparison.Ordinal));
        Assert.That(Reasons(result, KernelGenerator.AnalyzedStage), Is.EqualTo(new[] { IncrementalStepRunReason.Modified }));
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage), Is.EqualTo(new[] { IncrementalStepRunReason.Modified }));
        Assert.That(result.GeneratedSources.Single().SourceText.ToString(), Does.Contain("x * 3.0f"));
    }

    [Test]
    public void MinusZeroIsNotZero()
    {
        GeneratorRunResult result = RunTwice(Helper.Replace("x * 2", "x * 0.0f", StringComparison.Ordinal), Helper.Replace("x * 2", "x * -0.0f", StringComparison.Ordinal));
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage), Is.EqualTo(new[] { IncrementalStepRunReason.Modified }));
    }

    private static IEnumerable<IncrementalStepRunReason> Reasons(GeneratorRunResult result, string stage) =>
        result.TrackedSteps[stage].SelectMany(step => step.Outputs).Select(output => output.Reason);

    private static GeneratorRunResult RunTwice(string before, string after)
    {
        CSharpCompilation first = GeneratorRun.Compilation(Kernel, before);
        GeneratorDriver driver = GeneratorRun.Driver().RunGenerators(first);
        SyntaxTree edited = first.SyntaxTrees[2];
        CSharpCompilation second = first.ReplaceSyntaxTree(edited, CSharpSyntaxTree.ParseText(after, (CSharpParseOptions)edited.Options, edited.FilePath));
        GeneratorRunResult result = driver.RunGenerators(second).GetRunResult().Results.Single();
        Assert.That(result.Diagnostics, Is.Empty);
        return result;
    }
}
