using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

public sealed class DivisorTests
{
    /// <summary>Powers of two and their neighbors, up to the largest int.</summary>
    public static int[] Edges() =>
        [.. Enumerable.Range(0, 31).SelectMany(bit => (int[])[(1 << bit) - 1, 1 << bit, (1 << bit) + 1])
            .Concat([6, 10, 27, 100, 640, 641, 1000003, int.MaxValue - 1, int.MaxValue]).Distinct().Order()];

    /// <summary>
    /// Checks quotients where an inexact one would be wrong first: at multiples of the divisor and just below, up to the largest value.
    /// </summary>
    [Test]
    public void QuotientsAreExactNearMultiplesOfTheDivisor()
    {
        var random = new Random(1);
        IEnumerable<int> divisors = Edges().Concat(Enumerable.Range(1, 3000))
            .Concat(Enumerable.Range(0, 3000).Select(_ => random.Next(1, int.MaxValue))).Where(divisor => divisor > 0);
        foreach (int divisor in divisors)
        {
            var fast = new Divisor(divisor);
            int most = int.MaxValue / divisor;
            foreach (int quotient in (int[])[0, 1, 2, most / 2, most - 1, most, random.Next(most), random.Next(most)])
            {
                for (long value = (long)quotient * divisor - 1; value <= (long)quotient * divisor + 1; value++)
                    if (value is >= 0 and <= int.MaxValue) Check(fast, (int)value, divisor);
            }
            Check(fast, int.MaxValue, divisor);
            Check(fast, random.Next(), divisor);
        }
    }

    [Test]
    public void QuotientsOfSmallValuesAreExact()
    {
        for (int divisor = 1; divisor < 300; divisor++)
        {
            var fast = new Divisor(divisor);
            for (int value = 0; value < 3000; value++) Check(fast, value, divisor);
        }
    }

    [TestCase(0)]
    [TestCase(-3)]
    public void DivisorMustBePositive(int value) =>
        Assert.That(() => new Divisor(value), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void InvalidUseIsAKernelFault()
    {
        Assert.That(() => new Divisor(3).Divide(-1),
            Throws.TypeOf<KernelFaultException>().With.Message.Contains("numbers of 0 or more, but got -1"));
        Assert.That(() => default(Divisor).Remainder(1), Throws.TypeOf<KernelFaultException>().With.Message.Contains("without a value"));
    }

    private static void Check(Divisor fast, int value, int divisor)
    {
        if (fast.Divide(value) != value / divisor || fast.Remainder(value) != value % divisor)
            Assert.Fail($"{value} by {divisor}: {fast.Divide(value)} and {fast.Remainder(value)} remain instead of {value / divisor} and "
                + $"{value % divisor}.");
    }
}
