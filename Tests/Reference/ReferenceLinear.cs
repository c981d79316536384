namespace GpuCnn.Tests.Reference;

/// <summary>y[n,u] = b[u] + sum over i of w[u,i] x[n,i]</summary>
public sealed class ReferenceLinear(int units, bool bias = true) : ReferenceLayer
{
    public override int ParameterCount => bias ? 2 : 1;

    public override Extent Output(Extent input) => new(input.Images, units, 1, 1);

    public override int LongestSum(Extent input) => Math.Max(Math.Max(input.Count / input.Images + 1, units), input.Images);

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        int inputs = input.Count / input.Images;
        var y = new double[input.Images * units];
        for (int n = 0; n < input.Images; n++)
            for (int u = 0; u < units; u++)
            {
                double sum = bias ? parameters[1][u] : 0;
                for (int i = 0; i < inputs; i++) sum += parameters[0][u * inputs + i] * x[n * inputs + i];
                y[n * units + u] = sum;
            }
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        int inputs = input.Count / input.Images;
        var dx = new double[input.Count];
        var dw = new double[units * inputs];
        var db = new double[units];
        for (int n = 0; n < input.Images; n++)
            for (int u = 0; u < units; u++)
            {
                double g = dy[n * units + u];
                db[u] += g;
                for (int i = 0; i < inputs; i++)
                {
                    dw[u * inputs + i] += g * x[n * inputs + i];
                    dx[n * inputs + i] += g * parameters[0][u * inputs + i];
                }
            }
        return new(dx, bias ? [dw, db] : [dw]);
    }
}
