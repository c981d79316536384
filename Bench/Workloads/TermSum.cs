namespace GpuCnn.Bench.Workloads;

/// <summary>A sum of products in float64.</summary>
internal struct TermSum
{
    private double _sum, _squares;

    public void Add(double a, double b)
    {
        _sum += a * b;
        _squares += a * b * (a * b);
    }

    public readonly Expected Expected => new(_sum, Math.Sqrt(_squares));
}
