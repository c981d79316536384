using GpuCnn.Engine.Devices;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices;

/// <summary>What is written to a device's memory is read from it, on every device.</summary>
public sealed class DeviceMemoryTests
{
    /// <summary>More small values than devices keep on the way, from memory that changes at once.</summary>
    [Test]
    public void ManySmallValuesArrive(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(1, 1000, 4096)] int count)
    {
        const int Writes = 200;
        using Device device = test.Make();
        using DeviceMemory memory = device.Allocate(4L * count * Writes, "values");
        var values = new int[count];
        for (int write = 0; write < Writes; write++)
        {
            Array.Fill(values, write);
            memory.Write<int>(values, 4L * count * write);
        }
        var read = new int[count * Writes];
        memory.Read<int>(read);
        for (int i = 0; i < read.Length; i++)
            if (read[i] != i / count) Assert.Fail($"{read[i]} instead of {i / count} at {i}");
    }
}
