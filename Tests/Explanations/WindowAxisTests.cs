using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using NUnit.Framework;

namespace GpuCnn.Tests.Explanations;

public sealed class WindowAxisTests
{
    private const int Instances = 400;

    /// <summary>Counts windows by moving one until it leaves the padded input, and compares with the engine's layers.</summary>
    [Test]
    public void OutputIsTheNumberOfWindowsThatFit()
    {
        var random = new Random(1);
        for (int i = 0; i < Instances; i++)
        {
            int size = random.Next(1, 8), stride = random.Next(1, 6), padding = random.Next(0, 4), dilation = random.Next(1, 4),
                input = random.Next(1, 40);
            if (input + 2 * padding < dilation * (size - 1) + 1) continue;
            var axis = new WindowAxis(input, size, stride, padding, dilation);
            int windows = 0, end = 0;
            for (int start = 0; start + dilation * (size - 1) < input + 2 * padding; start += stride)
            {
                windows++;
                end = start + dilation * (size - 1) + 1;
            }
            Assert.That(axis.Output, Is.EqualTo(windows), $"{axis}");
            Assert.That(axis.LeftOver, Is.EqualTo(input + 2 * padding - end), $"{axis}");
            Assert.That(axis.Fits, Is.EqualTo(axis.LeftOver == 0), $"{axis}");
            for (int pixel = 0; pixel < axis.PaddedInput; pixel++)
                Assert.That(axis.Reads(pixel), Is.EqualTo(Enumerable.Range(0, windows).Count(window => axis.Reads(window, (long)pixel))));
            if (dilation > 1) continue;
            var convolution = new Network("n", new Conv2d(1, size, stride, padding), Shape.Volume(1, input, input));
            Assert.That(axis.Output, Is.EqualTo(convolution.Output.Shape.Height));
        }
    }

    [Test]
    public void PoolingRoundsAsTheLayerDoes([Values] bool ceil)
    {
        var random = new Random(2);
        for (int i = 0; i < Instances; i++)
        {
            int size = random.Next(1, 6), stride = random.Next(1, 6), padding = random.Next(0, size / 2 + 1), input = random.Next(6, 30);
            var axis = new WindowAxis(input, size, stride, padding, ceilMode: ceil);
            var network = new Network("n", new MaxPool2d(size, stride, padding, ceil), Shape.Volume(1, input, input));
            Assert.That(axis.Output, Is.EqualTo(network.Output.Shape.Height), $"{axis}");
        }
    }

    [Test]
    public void WhatFitsFitsAndNothingSmallerIsLeftOut()
    {
        var random = new Random(3);
        for (int i = 0; i < Instances; i++)
        {
            int size = random.Next(1, 8), stride = random.Next(1, 6), padding = random.Next(0, 4), input = random.Next(8, 60);
            var axis = new WindowAxis(input, size, stride, padding);
            int[] strides = [.. axis.FittingStrides.Select(value => value.Value)];
            foreach (FittingValue value in axis.FittingStrides) Check(new(input, size, value.Value, padding), value);
            foreach (FittingValue value in axis.FittingPaddings) Check(new(input, size, stride, value.Value), value);
            foreach (FittingValue value in axis.FittingInputs) Check(new(value.Value, size, stride, padding), value);
            for (int other = 1; other < strides[^1]; other++)
                Assert.That(new WindowAxis(input, size, other, padding).Fits, Is.EqualTo(strides.Contains(other)), $"{axis} {other}");
            Assert.That(axis.FittingPaddings.Count == 0 || stride % 2 == 1 || (input - size) % 2 == 0, $"{axis}");
            Assert.That(axis.FittingInputs, Has.Count.InRange(1, 2));
        }

        static void Check(WindowAxis axis, FittingValue value)
        {
            Assert.That(axis.Fits, $"{axis}");
            Assert.That(axis.Output, Is.EqualTo(value.Output), $"{axis}");
        }
    }

    [TestCase(3, 1)]
    [TestCase(5, 2)]
    [TestCase(7, 3)]
    [TestCase(11, 5)]
    public void SamePaddingKeepsTheSize(int size, int padding)
    {
        Assert.That(new WindowAxis(20, size, 1, 0).SamePadding, Is.EqualTo(padding));
        Assert.That(new WindowAxis(20, size, 1, padding).Output, Is.EqualTo(20));
        Assert.That(new WindowAxis(20, size - 1, 1, 0).SamePadding, Is.Null);
    }

    [TestCase(2, 3, 1, 0, 1, "window of 3")]
    [TestCase(4, 3, 1, 0, 2, "3 at a dilation of 2")]
    [TestCase(0, 3, 1, 0, 1, "an input")]
    [TestCase(5, 0, 1, 0, 1, "a window")]
    [TestCase(5, 3, 0, 0, 1, "a stride")]
    [TestCase(5, 3, 1, -1, 1, "a padding")]
    [TestCase(5, 3, 1, 0, 0, "a dilation")]
    [TestCase(int.MaxValue, 3, 1, 0, 1, "an input")]
    public void ImpossibleNumbersAreNamed(int input, int size, int stride, int padding, int dilation, string part) =>
        Assert.That(() => new WindowAxis(input, size, stride, padding, dilation),
            Throws.TypeOf<GpuCnnException>().With.Message.Contains(part));

    /// <summary>The largest numbers do not overflow, and the drawings stay small.</summary>
    [Test]
    public void LargestNumbersAreDrawn()
    {
        var axis = new WindowAxis(WindowAxis.Largest, 3, 1, WindowAxis.Largest, 1000);
        Assert.That(axis.Output, Is.EqualTo(3 * WindowAxis.Largest - 2000));
        Assert.That(WindowDrawing.OfAxis(axis, 80), Has.Count.LessThan(16).And.All.Length.LessThanOrEqualTo(80));
        Assert.That(WindowDrawing.OfReads(axis, axis, 80), Is.Empty);
        Assert.That(WindowFigure.Of(new(axis, axis, isPooling: false)).ToString(), Has.Length.LessThan(20_000));
    }
}
