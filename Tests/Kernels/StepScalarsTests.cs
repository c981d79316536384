using System.Runtime.InteropServices;
using GpuCnn.Kernels;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class StepScalarsTests
{
    /// <summary>
    /// The offsets that C gives these fields on every device. The tests of kernels that use them show that devices read them there.
    /// </summary>
    [TestCase(nameof(StepScalars.Step), 0)]
    [TestCase(nameof(StepScalars.Seed), 8)]
    [TestCase(nameof(StepScalars.LearningRate), 16)]
    [TestCase(nameof(StepScalars.Images), 20)]
    [TestCase(nameof(StepScalars.UpdatesState), 24)]
    [TestCase(nameof(StepScalars.AllImages), 28)]
    [TestCase(nameof(StepScalars.FirstImage), 32)]
    public unsafe void FieldsHaveTheOffsetsOfC(string field, int offset)
    {
        Assert.That((int)Marshal.OffsetOf<StepScalars>(field), Is.EqualTo(offset));
        Assert.That(sizeof(StepScalars), Is.EqualTo(64));
    }
}
