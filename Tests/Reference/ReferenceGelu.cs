namespace GpuCnn.Tests.Reference;

/// <summary>x Φ(x), or the approximation by tanh.</summary>
public sealed class ReferenceGelu(bool tanh) : ReferencePointwise
{
    private static readonly double Scale = Math.Sqrt(2 / Math.PI);

    protected override double Value(double x) => Of(x, tanh);

    protected override double Derivative(double x)
    {
        if (!tanh) return Normal(x) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        double inner = Math.Tanh(Inner(x));
        return (1 + inner) / 2 + x * (1 - inner * inner) / 2 * Scale * (1 + 3 * 0.044715 * x * x);
    }

    public static double Of(double x, bool tanh) => x * (tanh ? (1 + Math.Tanh(Inner(x))) / 2 : Normal(x));

    private static double Inner(double x) => Scale * (x + 0.044715 * x * x * x);

    /// <summary>Φ(x), to a few units of float64's last place.</summary>
    private static double Normal(double x)
    {
        double magnitude = Math.Abs(x);
        if (magnitude < 3)
        {
            // A series of positive terms: exp(-x²/2) / √(2π) (x + x³/3 + x⁵/(3 5) + …).
            double term = x, sum = x;
            for (int odd = 3; odd < 200; odd += 2) sum += term *= x * x / odd;
            return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        }
        // Laplace's continued fraction of the tail: exp(-x²/2) / √(2π) / (x + 1/(x + 2/(x + …))).
        double fraction = magnitude;
        for (int k = 200; k > 0; k--) fraction = magnitude + k / fraction;
        double tail = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) / fraction;
        return x < 0 ? tail : 1 - tail;
    }
}
