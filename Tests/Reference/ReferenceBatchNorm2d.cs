namespace GpuCnn.Tests.Reference;

/// <summary>
/// In training: y = (x - mean) / sqrt(variance + epsilon) * weight + bias, with each channel's mean and biased variance over images and
/// pixels. State: running mean, running unbiased variance, and the number of batches.
/// </summary>
public sealed class ReferenceBatchNorm2d(double epsilon, double momentum) : ReferenceLayer
{
    public override int ParameterCount => 2;

    public override int StateCount => 3;

    public override Extent Output(Extent input) => input;

    public override int LongestSum(Extent input) => input.Images * input.Height * input.Width;

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        var y = new double[input.Count];
        for (int c = 0; c < input.Channels; c++)
        {
            int[] places = Places(input, c);
            (double mean, double squares) = Moments(places, x);
            double inverse = 1 / Math.Sqrt(squares / places.Length + epsilon);
            foreach (int i in places) y[i] = (x[i] - mean) * inverse * parameters[0][c] + parameters[1][c];
        }
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        double[] dx = new double[input.Count], dweight = new double[input.Channels], dbias = new double[input.Channels];
        for (int c = 0; c < input.Channels; c++)
        {
            int[] places = Places(input, c);
            (double mean, double squares) = Moments(places, x);
            double inverse = 1 / Math.Sqrt(squares / places.Length + epsilon), weight = parameters[0][c];
            // The chain rule through the mean and the variance.
            double dvariance = 0, dmean = 0;
            foreach (int i in places)
            {
                dweight[c] += dy[i] * (x[i] - mean) * inverse;
                dbias[c] += dy[i];
                dvariance += dy[i] * weight * (x[i] - mean) * -0.5 * inverse * inverse * inverse;
                dmean -= dy[i] * weight * inverse;
            }
            foreach (int i in places)
                dx[i] = dy[i] * weight * inverse + dvariance * 2 * (x[i] - mean) / places.Length + dmean / places.Length;
        }
        return new(dx, [dweight, dbias]);
    }

    public override double[][] NextState(Extent input, double[] x, double[][] state)
    {
        double[] means = [.. state[0]], variances = [.. state[1]];
        for (int c = 0; c < input.Channels; c++)
        {
            int[] places = Places(input, c);
            (double mean, double squares) = Moments(places, x);
            means[c] = (1 - momentum) * means[c] + momentum * mean;
            variances[c] = (1 - momentum) * variances[c] + momentum * squares / Math.Max(1, places.Length - 1);
        }
        return [means, variances, [state[2][0] + 1]];
    }

    /// <summary>Computes the output of inference, which uses the running statistics.</summary>
    public double[] Infer(Extent input, double[] x, double[][] parameters, double[][] state)
    {
        var y = new double[input.Count];
        for (int c = 0; c < input.Channels; c++)
            foreach (int i in Places(input, c))
                y[i] = (x[i] - state[0][c]) / Math.Sqrt(state[1][c] + epsilon) * parameters[0][c] + parameters[1][c];
        return y;
    }

    private static int[] Places(Extent input, int c) =>
    [
        .. from n in Enumerable.Range(0, input.Images)
           from h in Enumerable.Range(0, input.Height)
           from w in Enumerable.Range(0, input.Width)
           select input.At(n, c, h, w),
    ];

    private static (double Mean, double Squares) Moments(int[] places, double[] x)
    {
        double mean = places.Sum(i => x[i]) / places.Length;
        return (mean, places.Sum(i => (x[i] - mean) * (x[i] - mean)));
    }
}
