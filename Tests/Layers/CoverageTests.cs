using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>What has no tests is red.</summary>
public sealed class CoverageTests
{
    [Test]
    public void EveryOperatorHasAContractFixture()
    {
        IEnumerable<Type> covered =
            from type in typeof(CoverageTests).Assembly.GetTypes()
            where !type.IsAbstract && type.BaseType is { IsGenericType: true } parent && parent.GetGenericTypeDefinition() == typeof(LayerContract<,>)
            select type.BaseType!.GetGenericArguments()[1];
        Assert.That(Concrete(typeof(Operator)), Is.SubsetOf(covered));
    }

    [Test]
    public void EveryLossHasAFixture()
    {
        IEnumerable<string> fixtures = typeof(CoverageTests).Assembly.GetTypes()
            .Where(type => type.Namespace == "GpuCnn.Tests.Losses").Select(type => type.Name);
        Assert.That(Concrete(typeof(Loss)).Select(type => $"{type.Name}Tests"), Is.SubsetOf(fixtures));
    }

    private static IEnumerable<Type> Concrete(Type parent) =>
        typeof(Operator).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(parent) && !type.IsAbstract);
}
