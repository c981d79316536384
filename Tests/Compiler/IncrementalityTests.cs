using GpuCnn.Compiler;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Which stages run again after an edit.</summary>
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

    [TestCase("=> 1;", "=> 2;", TestName = "Another method in the file of a helper")]
    [TestCase("public static class Other", "// remark\npublic static class Other", TestName = "A comment above a helper")]
    public void AnUnrelatedEditEmitsNothing(string from, string to)
    {
        GeneratorRunResult result = RunTwice(Helper, Helper.Replace(from, to, StringComparison.Ordinal));
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage),
            Is.All.AnyOf(IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged));
        Assert.That(result.TrackedOutputSteps.Values.SelectMany(steps => steps).SelectMany(step => step.Outputs)
            .Select(output => output.Reason), Is.All.EqualTo(IncrementalStepRunReason.Cached));
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
        GeneratorRunResult result =
            RunTwice(Helper.Replace("x * 2", "x * 0.0f", StringComparison.Ordinal),
            Helper.Replace("x * 2", "x * -0.0f", StringComparison.Ordinal));
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage), Is.EqualTo(new[] { IncrementalStepRunReason.Modified }));
    }

    private const string GenericKernel = """
        namespace Sample;

        public interface IFunction { float Of(float x); }

        public readonly struct Half : IFunction { public float Of(float x) => x / 2; }

        [Kernel(64)]
        public readonly partial struct Each<TFunction>(View<float> y, TFunction function) where TFunction : unmanaged, IFunction
        {
            public void Execute() => y[GlobalId.X] = function.Of(y[GlobalId.X]);
        }
        """;

    [Test]
    public void AnotherImplementationAddsItsTextToAGenericKernel()
    {
        const string Double = "namespace Sample; public readonly struct Double : IFunction { public float Of(float x) => x * 2; }";
        GeneratorRunResult result = RunTwice("", Double, GenericKernel);
        Assert.That(result.GeneratedSources.Select(source => source.HintName),
            Is.EquivalentTo(new[] { "Sample.Each{TFunction}.g.cs", "Sample.Each{Double}.g.cs", "Sample.Each{Half}.g.cs" }));
        Assert.That(Source("Each{TFunction}"), Does.Contain("typeof(global::Sample.Double) ? Each__Texts.Each_Double"));
        Assert.That(Source("Each{Double}"), Does.Contain("y[(int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x)] = Double_Of("));

        string Source(string name) => result.GeneratedSources
            .Single(source => source.HintName.Contains(name, StringComparison.Ordinal)).SourceText.ToString();
    }

    [Test]
    public void AnUnrelatedEditEmitsNothingOfAGenericKernel()
    {
        GeneratorRunResult result = RunTwice(Helper, Helper.Replace("=> 1;", "=> 2;", StringComparison.Ordinal), GenericKernel);
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage),
            Is.All.AnyOf(IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged));
        Assert.That(result.TrackedOutputSteps.Values.SelectMany(steps => steps).SelectMany(step => step.Outputs)
            .Select(output => output.Reason), Is.All.EqualTo(IncrementalStepRunReason.Cached));
    }

    [Test]
    public void AnEditOfOneImplementationEmitsItsTextOnly()
    {
        const string Double = "namespace Sample; public readonly struct Double : IFunction { public float Of(float x) => x * 2; }";
        GeneratorRunResult result = RunTwice(Double, Double.Replace("x * 2", "x + x", StringComparison.Ordinal), GenericKernel);
        Assert.That(Reasons(result, KernelGenerator.HostCodeStage).Count(reason => reason == IncrementalStepRunReason.Modified),
            Is.EqualTo(1));
        Assert.That(result.GeneratedSources
            .Single(source => source.HintName.Contains("{Double}", StringComparison.Ordinal)).SourceText.ToString(), Does.Contain("x + x"));
    }

    private static IEnumerable<IncrementalStepRunReason> Reasons(GeneratorRunResult result, string stage) =>
        result.TrackedSteps[stage].SelectMany(step => step.Outputs).Select(output => output.Reason);

    private static GeneratorRunResult RunTwice(string before, string after, string kernel = Kernel)
    {
        CSharpCompilation first = GeneratorRun.Compilation(kernel, before);
        GeneratorDriver driver = GeneratorRun.Driver().RunGenerators(first);
        SyntaxTree edited = first.SyntaxTrees[2];
        CSharpCompilation second =
            first.ReplaceSyntaxTree(edited, CSharpSyntaxTree.ParseText(after, (CSharpParseOptions)edited.Options, edited.FilePath));
        GeneratorRunResult result = driver.RunGenerators(second).GetRunResult().Results.Single();
        Assert.That(result.Diagnostics, Is.Empty);
        return result;
    }
}
