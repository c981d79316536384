namespace GpuCnn.Data;

/// <summary>A kernel for scaling images. It widens when an image becomes smaller, so that no pixel is skipped (antialiasing).</summary>
public abstract class Interpolation
{
    private Interpolation(string name, double support) => (Name, Support) = (name, support);

    /// <summary>A triangle of one pixel to each side: Pillow's <c>Image.resize(BILINEAR)</c>.</summary>
    public static Interpolation Bilinear { get; } = new Triangle();

    /// <summary>Keys' cubic with a = -1/2, of two pixels to each side: Pillow's <c>Image.resize(BICUBIC)</c>.</summary>
    public static Interpolation Bicubic { get; } = new Cubic();

    public string Name { get; }

    /// <summary>The kernel is 0 beyond this distance.</summary>
    internal double Support { get; }

    internal abstract double Weight(double x);

    public override string ToString() => Name;

    private sealed class Triangle() : Interpolation("bilinear", 1)
    {
        internal override double Weight(double x) => Math.Abs(x) < 1 ? 1 - Math.Abs(x) : 0;
    }

    private sealed class Cubic() : Interpolation("bicubic", 2)
    {
        private const double A = -0.5;

        internal override double Weight(double x)
        {
            x = Math.Abs(x);
            if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
        }
    }
}
