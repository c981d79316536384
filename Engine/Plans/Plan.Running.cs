using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Plans;

/// <content>Running the steps.</content>
public sealed partial class Plan
{
    // Of one image each. Allocated with the arena.
    private float[] _losses = [];
    private int[] _ranks = [];

    // Batches that run, in turn, and how many have been begun and are pending.
    private readonly PendingBatch[] _open = new PendingBatch[PlanBackend.MostOpen];
    private long _begun;
    private int _pending;

    private StepClock? _clock;

    /// <summary>Whether the device's own clock measured the last <see cref="RunTimed"/>.</summary>
    internal bool HasDeviceClock => _clock is not null;

    /// <summary>
    /// Runs forward, backward and update. Allocates nothing after the first call. The batch has the images of all batches that are
    /// accumulated; layers that draw random numbers draw others in each.
    /// </summary>
    /// <param name="step">Step of the run, from 0; it and the seed determine the random numbers.</param>
    /// <param name="next">
    /// Returns the batch of the next call, which must not change until then, or null. Called while the steps run, where images can be
    /// brought to the device meanwhile (<see cref="PlanOptions.UploadsAhead"/>). <paramref name="batch"/> may change in it.
    /// </param>
    public BatchResult Train(Batch batch, float learningRate, ulong seed, ulong step, Func<Batch?>? next = null)
    {
        CheckIdle();
        BeginTraining(batch, learningRate, seed, step, next);
        return End();
    }

    /// <summary>
    /// Training steps, evaluations or inferences that may be pending at once: 2 on devices that compute beside the host, so that one always
    /// has work; else 1.
    /// </summary>
    public int MostPending => _backend.MostPending;

    /// <summary>
    /// Begins a training step, whose results <see cref="EndTraining"/> returns. The batch may change afterwards.
    /// </summary>
    /// <inheritdoc cref="Train" path="/param"/>
    /// <exception cref="InvalidOperationException">As many steps are pending as may be.</exception>
    public void BeginTraining(Batch batch, float learningRate, ulong seed, ulong step, Func<Batch?>? next = null)
    {
        if (!Options.Training) throw new InvalidOperationException("The plan was compiled for inference, not for training.");
        StepScalars scalars = ScalarsOf(batch, seed, step) with { LearningRate = learningRate, UpdatesState = 1 };
        BeginAccumulated(batch, scalars, Passes.End, next);
    }

    /// <summary>Returns the results of the oldest pending step, once they are known.</summary>
    /// <exception cref="InvalidOperationException">No step is pending.</exception>
    public BatchResult EndTraining() =>
        _pending > 0 ? End() : throw new InvalidOperationException("No training step has begun whose results are not known yet.");

    /// <summary>
    /// Runs all steps with an update at a rate of 0, one step at a time, and measures the seconds of each. It changes no weights, but the
    /// optimizer's slots.
    /// </summary>
    internal void RunTimed(Batch batch, Span<double> seconds)
    {
        UploadTimed(batch);
        _clock ??= _backend.CreateClock();
        if (_clock is null)
        {
            for (int step = 0; step < Passes.End; step++) seconds[step] = Time(step, step + 1);
            return;
        }
        _clock.Mark(0);
        for (int step = 0; step < Passes.End; step++)
        {
            _backend.Run(step, step + 1);
            _clock.Mark(step + 1);
        }
        for (int step = 0; step < Passes.End; step++) seconds[step] = _clock.SecondsAfter(step);
    }

    /// <summary>
    /// Runs a training step at a rate of 0, whose gradients are summed over the ranks while the backward pass goes on, and notes when each
    /// step began and ended, in ticks of <see cref="Stopwatch"/>; <see cref="Sums"/> has the times of the exchanges. One batch an update.
    /// </summary>
    /// <param name="times">[steps]; overwritten.</param>
    internal void RunTraced(Batch batch, Span<(long Began, long Ended)> times)
    {
        UploadTimed(batch);
        int begun = 0;
        for (int step = 0; step < Passes.Update; step++)
        {
            times[step] = Trace(step);
            for (; begun < _buckets.Count && _buckets[begun].ReadyAt <= step + 1; begun++) _sums!.Begin(begun);
        }
        _sums?.Finish();
        for (int step = Passes.Update; step < Passes.End; step++) times[step] = Trace(step);
    }

    private (long Began, long Ended) Trace(int step)
    {
        long began = Stopwatch.GetTimestamp();
        _backend.Run(step, step + 1);
        _backend.Finish();
        return (began, Stopwatch.GetTimestamp());
    }

    /// <summary>Runs the same without a wait between steps, and returns the seconds of all.</summary>
    internal double RunWhole(Batch batch)
    {
        UploadTimed(batch);
        return Time(0, Passes.End);
    }

    private StepScalars ScalarsOf(Batch batch, ulong seed = 0, ulong step = 0) => new()
    {
        Seed = seed,
        Step = step,
        Images = batch.Count,
        AllImages = Options.AllImages ?? batch.Count,
        FirstImage = Options.FirstImage,
    };

    private void UploadTimed(Batch batch)
    {
        Prepare(batch, Options.Images);
        StepScalars scalars = ScalarsOf(batch);
        _backend.Upload(batch, 0, scalars);
        _backend.UploadUpdate(scalars, new GradientPart { Share = 1 });
        _backend.FinishUpload();
        _backend.Finish();
    }

    private double Time(int first, int last)
    {
        long start = Stopwatch.GetTimestamp();
        _backend.Run(first, last);
        _backend.Finish();
        // At least one tick, so that a rate is finite.
        return Math.Max(1, Stopwatch.GetTimestamp() - start) / (double)Stopwatch.Frequency;
    }

    /// <summary>Runs forward and backward without an update. The gradients stay in the parameter store.</summary>
    public BatchResult ComputeGradients(Batch batch, ulong seed = 0, ulong step = 0)
    {
        if (!Options.Training) throw new InvalidOperationException("The plan was compiled for inference, not for training.");
        CheckIdle();
        BeginAccumulated(batch, ScalarsOf(batch, seed, step) with { UpdatesState = 1 }, Passes.Update, next: null);
        return End();
    }

    /// <summary>Runs the forward pass and the loss of labelled images. Changes neither weights nor state.</summary>
    /// <inheritdoc cref="Train" path="/param[@name='next']"/>
    public BatchResult Evaluate(Batch batch, ulong seed = 0, ulong step = 0, Func<Batch?>? next = null)
    {
        CheckIdle();
        BeginEvaluation(batch, readsOutput: false, seed, step, next);
        return End();
    }

    /// <summary>
    /// Begins to evaluate labelled images; <see cref="EndEvaluation"/> returns the results. The batch may change afterwards.
    /// </summary>
    /// <param name="readsOutput">Whether the network's output is read too.</param>
    /// <inheritdoc cref="Train" path="/param[@name='next']"/>
    /// <exception cref="InvalidOperationException">As many batches are pending as may be.</exception>
    public void BeginEvaluation(
        Batch batch, bool readsOutput = false, ulong seed = 0, ulong step = 0, Func<Batch?>? next = null)
    {
        if (Options.Loss is null) throw new InvalidOperationException("The plan was compiled without a loss, for inference.");
        BeginOne(batch, ScalarsOf(batch, seed, step), Passes.Backward, readsOutput, next);
    }

    /// <summary>Returns the results of the oldest pending evaluation, once they are known.</summary>
    /// <param name="output">Overwritten with the network's output, as by <see cref="ReadOutput"/>; empty where it is not read.</param>
    /// <exception cref="InvalidOperationException">No evaluation is pending, or its output was not asked for.</exception>
    public BatchResult EndEvaluation(Span<float> output = default)
    {
        if (_pending == 0) throw new InvalidOperationException("No evaluation has begun whose results are not known yet.");
        if (!output.IsEmpty) ReadPendingOutput(output);
        return End();
    }

    /// <summary>
    /// Begins the forward pass of images with or without labels; <see cref="EndInference"/> reads the output. The batch may change
    /// afterwards.
    /// </summary>
    /// <inheritdoc cref="Train" path="/param[@name='next']"/>
    /// <exception cref="InvalidOperationException">As many batches are pending as may be.</exception>
    public void BeginInference(Batch batch, Func<Batch?>? next = null) =>
        BeginOne(batch, ScalarsOf(batch), Passes.Loss, readsOutput: true, next);

    /// <summary>Reads the network's output for the oldest pending inference, as by <see cref="ReadOutput"/>.</summary>
    /// <exception cref="InvalidOperationException">No inference is pending.</exception>
    public void EndInference(Span<float> output)
    {
        if (_pending == 0) throw new InvalidOperationException("No inference has begun whose output is not known yet.");
        ReadPendingOutput(output);
        _pending--;
    }

    /// <summary>Forgets pending batches, whose results nobody wants. It neither waits nor fails.</summary>
    public void ForgetPending() => _pending = 0;

    /// <summary>
    /// Runs only the forward pass, on images with or without labels; <see cref="ReadOutput"/> gets the result. Changes neither weights nor
    /// state.
    /// </summary>
    public void Infer(Batch batch)
    {
        Prepare(batch, Options.Images);
        _backend.Upload(batch, 0, ScalarsOf(batch));
        _backend.Run(0, Passes.Loss);
        _backend.FinishUpload();
    }

    /// <summary>Reads the network's output for the last batch: [Images, features], or of a volume [Images, H, W, C].</summary>
    public void ReadOutput(Span<float> target) => _backend.DownloadValue(Parameters.Network.Output, target);

    /// <summary>Reads what an operator gave for the last batch: [Images, C, H, W], or [Images, features] of vectors.</summary>
    /// <param name="value">The network's input, or the output of a node that the network's output depends on.</param>
    /// <exception cref="InvalidOperationException">The plan keeps no values (<see cref="PlanOptions.KeepsValues"/>).</exception>
    public Tensor ReadValue(Value value)
    {
        if (!Options.ExposesValues) throw new InvalidOperationException("The plan was compiled without keeping its values.");
        return Read(value.Shape, target => _backend.DownloadValue(value, target));
    }

    /// <summary>
    /// Runs the forward pass, and the backward pass of one logit of each image, down to the value that the options name;
    /// <see cref="ReadGradient"/> gets the result.
    /// </summary>
    /// <param name="classes">Index of a class for each image of the batch.</param>
    public void Differentiate(Batch batch, ReadOnlySpan<int> classes)
    {
        if (Options.GradientOf is null) throw new InvalidOperationException("The plan was compiled without the gradient of a value.");
        if (classes.Length != batch.Count)
            throw new ArgumentException($"Expected a class for each of {batch.Count} images, but got {classes.Length}.", nameof(classes));
        Prepare(batch, Options.Images);
        _backend.Upload(batch, 0, ScalarsOf(batch));
        _backend.UploadOutputGradient(classes);
        _backend.Run(0, Passes.Update);
        _backend.FinishUpload();
    }

    /// <summary>
    /// Reads the gradient of <see cref="PlanOptions.GradientOf"/> for the last batch of <see cref="Differentiate"/>, in the order of
    /// <see cref="ReadValue"/>.
    /// </summary>
    public Tensor ReadGradient() => Options.GradientOf is { } value
        ? Read(value.Shape, target => _backend.DownloadGradient(value, target))
        : throw new InvalidOperationException("The plan was compiled without the gradient of a value.");

    /// <summary>
    /// Reads the gradient of the network's input for the last batch, in the order of <see cref="Batch.Images"/>. Needs
    /// <see cref="PlanOptions.InputGradient"/>.
    /// </summary>
    public void ReadInputGradient(Span<float> target)
    {
        if (!Options.InputGradient) throw new InvalidOperationException("The plan was compiled without the gradient of its input.");
        _backend.DownloadGradient(Parameters.Network.Graph.Input, target);
    }

    /// <summary>
    /// Returns the first operator in order of execution whose output for the last batch holds NaN or an infinity; null if there is none. In
    /// a plan that keeps its buffers.
    /// </summary>
    internal PlanNode? FirstNonFinite()
    {
        if (!_linked || !Options.KeepsBuffers)
            throw new InvalidOperationException("Only a plan that keeps its buffers and has run knows what its operators gave.");
        foreach (PlanNode node in _nodes)
        {
            Value output = node.Output;
            // A branch of a concatenation is stored as some channels of the whole.
            Slice? slice = _backend.Slices.GetValueOrDefault(output);
            Value stored = slice?.Whole ?? output;
            var values = new float[Options.Images * stored.Shape.Count];
            _backend.DownloadValue(stored, values);
            int first = slice?.FirstChannel ?? 0, channels = output.Shape.Channels, whole = stored.Shape.Channels;
            for (int pixel = 0; pixel < values.Length; pixel += whole)
                if (NonFiniteTensor.IndexIn(values.AsSpan(pixel + first, channels)) >= 0) return node;
        }
        return null;
    }

    /// <summary>Runs steps [first, last) again on the results of the last batch, in a plan that keeps its buffers.</summary>
    internal void Repeat(int first, int last)
    {
        if (!_linked || !Options.KeepsBuffers)
            throw new InvalidOperationException("Only a plan that keeps its buffers and has run can repeat steps.");
        _backend.Run(first, last);
    }

    /// <summary>Waits for the steps of <see cref="Repeat"/>.</summary>
    internal void Finish() => _backend.Finish();

    /// <summary>Refuses to train on one image where a norm has one value per channel of it.</summary>
    private void CheckValues(int images)
    {
        int values = Options.SyncsNorms ? Options.AllImages ?? images : images;
        if (values == 1 && _singleValue is { } norm) throw new SingleValueException(norm);
    }

    private void Prepare(Batch batch, int images)
    {
        if (batch.Shape.Count != Parameters.Network.Input.Count || batch.Capacity != images)
            throw new ArgumentException(
                $"The plan is for {images} images of {Parameters.Network.Input}, but got {batch.Capacity} of {batch.Shape}.",
                nameof(batch));
        if (!_linked) Link();
    }

    /// <summary>Begins all batches of an update, with the update's own steps after the last.</summary>
    private void BeginAccumulated(Batch batch, in StepScalars scalars, int lastStep, Func<Batch?>? next)
    {
        int size = Options.Images, parts = Math.Max(1, (batch.Count + size - 1) / size);
        Prepare(batch, size * Options.Accumulate);
        CheckValues(batch.Count - (parts - 1) * size);
        PendingBatch open = Open();
        for (int part = 0; part < parts; part++)
        {
            StepScalars own = scalars;
            own.Step = scalars.Step * (ulong)Options.Accumulate + (ulong)part;
            own.Images = Math.Min(size, scalars.Images - part * size);
            own.AllImages = Options.AllImages ?? own.Images;
            var share = new GradientPart { Share = (float)own.Images / Math.Max(1, scalars.Images), Continues = part > 0 ? 1 : 0 };
            _backend.UploadUpdate(scalars, share);
            bool isLast = part == parts - 1;
            Begin(open, batch, part * size, own, isLast ? lastStep : Passes.Update, isLast, next);
        }
        Opened();
    }

    /// <summary>Begins a batch of one part, without a backward pass.</summary>
    private void BeginOne(Batch batch, in StepScalars scalars, int lastStep, bool readsOutput, Func<Batch?>? next)
    {
        Prepare(batch, Options.Images);
        PendingBatch open = Open();
        open.ReadsOutput = readsOutput;
        Begin(open, batch, 0, scalars, lastStep, isLast: true, next);
        Opened();
    }

    /// <summary>Reads the network's output for the oldest pending batch, once it is known.</summary>
    private void ReadPendingOutput(Span<float> output)
    {
        long batch = _begun - _pending;
        if (!_open[batch % _open.Length].ReadsOutput)
            throw new InvalidOperationException("The batch has begun without its output being asked for.");
        _backend.DownloadOutput((int)(batch % _open.Length), output);
    }

    /// <summary>Refuses a batch whose results are returned at once while others are pending, which would come first.</summary>
    private void CheckIdle()
    {
        if (_pending > 0) throw new InvalidOperationException($"{_pending} batches are pending; read their results first.");
    }

    /// <summary>Returns what the next batch keeps until its results are known.</summary>
    private PendingBatch Open()
    {
        if (_pending == MostPending)
            throw new InvalidOperationException($"{_pending} batches are pending; read the results of one before the next begins.");
        PendingBatch open = _open[_begun % _open.Length];
        open.Clear();
        return open;
    }

    private void Opened()
    {
        _begun++;
        _pending++;
    }

    /// <summary>Begins a part of a batch.</summary>
    /// <param name="first">Index of the part's first image in the batch.</param>
    /// <param name="isLast">Whether the batch has no further part.</param>
    /// <param name="next">Returns the batch of the next run, or null. Called for the last part.</param>
    private void Begin(PendingBatch open, Batch batch, int first, in StepScalars scalars, int lastStep, bool isLast, Func<Batch?>? next)
    {
        bool sums = _sums is not null && isLast && lastStep >= Passes.Update;
        int slot = SlotOf(_begun, open.Parts);
        _backend.Upload(batch, first, scalars);
        open.Add(batch.Labels.AsSpan(first, Options.Images), scalars.Images);
        if (sums) RunAndSum();
        else if (lastStep > Passes.Loss) _backend.RunToLosses(0, lastStep, slot);
        else _backend.Run(0, lastStep);
        if (open.ReadsOutput) _backend.BeginOutput((int)(_begun % _open.Length));
        // The batch may change from here on.
        _backend.FinishUpload();
        if (_backend.UploadsAhead)
        {
            if (!isLast) _backend.UploadAhead(batch, first + Options.Images);
            else if (next?.Invoke() is { } following && following.Capacity == Options.Images * Options.Accumulate)
                _backend.UploadAhead(following, 0);
        }
        if (!sums) return;
        _sums!.Finish();
        _backend.RunToLosses(Passes.Update, lastStep, slot);
    }

    /// <summary>Slot of a part's losses.</summary>
    /// <param name="batch">Number of the batch, from 0.</param>
    private int SlotOf(long batch, int part) => (int)(batch % _open.Length) * Options.Accumulate + part;

    /// <summary>Runs forward and backward, and begins to sum each piece of the gradients as soon as it is complete.</summary>
    private void RunAndSum()
    {
        int done = 0;
        for (int i = 0; i < _buckets.Count; i++)
        {
            if (_buckets[i].ReadyAt > done) _backend.Run(done, done = _buckets[i].ReadyAt);
            _sums!.Begin(i);
        }
        if (done < Passes.Update) _backend.Run(done, Passes.Update);
    }

    /// <summary>Returns the results of the oldest pending batch, once they are known.</summary>
    private BatchResult End()
    {
        long batch = _begun - _pending--;
        PendingBatch open = _open[batch % _open.Length];
        var total = new BatchResult(0, 0, 0, 0);
        for (int part = 0; part < open.Parts; part++)
        {
            _backend.DownloadLosses(SlotOf(batch, part), _losses, _ranks);
            BatchResult result = open.Sum(part, _losses, _ranks);
            total = new(total.Images + result.Images, total.LossSum + result.LossSum, total.Top1 + result.Top1, total.Top5 + result.Top5);
        }
        return total;
    }

    /// <summary>Reads values of a batch, which come channels-last, as a tensor.</summary>
    private Tensor Read(Shape shape, Action<float[]> download)
    {
        int images = Options.Images, channels = shape.Channels, area = shape.Area;
        if (shape.IsVector)
        {
            var vectors = new Tensor(images, shape.Count);
            download(vectors.Values);
            return vectors;
        }
        var volumes = new Tensor(images, channels, shape.Height, shape.Width);
        var channelsLast = new float[volumes.Values.Length];
        download(channelsLast);
        for (int image = 0; image < images; image++)
        {
            int first = image * shape.Count;
            for (int i = 0; i < shape.Count; i++)
                volumes.Values[first + i % channels * area + i / channels] = channelsLast[first + i];
        }
        return volumes;
    }
}
