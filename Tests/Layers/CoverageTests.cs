using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>Fails for operators, losses and devices without tests.</summary>
public sealed class CoverageTests
{
    [Test]
    public void EveryOperatorHasAContractFixture()
    {
        IEnumerable<Type> covered =
            from type in typeof(CoverageTests).Assembly.GetTypes()
            where !type.IsAbstract && type.BaseType is { IsGenericType: true } parent
                && parent.GetGenericTypeDefinition() == typeof(LayerContract<,>)
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

    /// <summary>Ignored, with the reason, if the machine has no such device.</summary>
    [TestCase("cpu")]
    [TestCase("debug")]
    [TestCase("opencl")]
    [TestCase("opencl-c")]
    [TestCase("cuda")]
    [TestCase("cuda-c")]
    public void LayersAreTestedOn(string kind)
    {
        if (DeviceUnderTest.All.Any(device => device.Family.Split(' ')[0] == kind)) return;
        Assert.That(Requirement.Of(kind) || Requirement.Of(kind.Replace("-c", "", StringComparison.Ordinal)), Is.False,
            $"GPUCNN_REQUIRE asks for {kind}, but there is no such device");
        if (kind.StartsWith("opencl", StringComparison.Ordinal)) OpenClTestDevice.Require();
        IEnumerable<string?> reasons =
            from listing in DeviceCatalog.List() where listing.Name.StartsWith(kind, StringComparison.Ordinal) select listing.Reason;
        Assert.Ignore(string.Join(" ", reasons.Distinct()));
    }

    private static IEnumerable<Type> Concrete(Type parent) =>
        typeof(Operator).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(parent) && !type.IsAbstract);
}
