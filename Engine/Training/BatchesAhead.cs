using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Datasets;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Reads batches for a plan, each while the device computes the one before. Estimates how long the device had nothing to do for lack of
/// images.
/// </summary>
internal sealed class BatchesAhead : IDisposable
{
    /// <summary>The first steps show how long the device computes: they read nothing meanwhile.</summary>
    private const int Measured = 3;

    /// <summary>A shorter wait for results says that the device had finished before.</summary>
    private const double LeastWait = 1e-4;

    private readonly IBatchReader _reader;
    private readonly TimeProvider _time;
    private readonly int _unmeasured;
    private Batch? _batch;
    private ExceptionDispatchInfo? _failure;
    private bool _hasBatch;
    private int _steps;
    private long _begun, _asked, _got;
    private double _reading, _computing = double.PositiveInfinity;

    /// <param name="reader">Owned by this object.</param>
    /// <param name="measures">Whether the first steps measure how long the device computes. Else all of them read ahead.</param>
    /// <param name="time">The clock; the system's if null.</param>
    public BatchesAhead(IBatchReader reader, bool measures = true, TimeProvider? time = null)
    {
        _reader = reader;
        _time = time ?? TimeProvider.System;
        _unmeasured = measures ? Measured : 0;
        ReadAhead = Read;
    }

    /// <summary>Reads the batch of the next step while the device computes: for <see cref="Plans.Plan.Train"/>.</summary>
    public Func<Batch?> ReadAhead { get; }

    /// <summary>Whether enough steps have shown how long the device computes. They have to end before another begins.</summary>
    public bool IsMeasured => _steps >= Measured;

    /// <summary>Returns the next batch, or null at the end.</summary>
    /// <exception cref="UnreadableDataException">Images cannot be read; earlier batches are valid.</exception>
    public Batch? Next()
    {
        _reading = 0;
        if (!_hasBatch)
        {
            _asked = _time.GetTimestamp();
            _batch = _reader.Next();
            _reading = Seconds(_asked, _time.GetTimestamp());
        }
        _hasBatch = false;
        _begun = _asked = _got = _time.GetTimestamp();
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
        return _batch;
    }

    /// <summary>Ends a step, whose results are known, and returns the seconds that the device waited for images.</summary>
    public double EndStep()
    {
        long now = _time.GetTimestamp();
        double reading = Seconds(_asked, _got), rest = Seconds(_got, now);
        if (++_steps <= Measured || !_hasBatch)
        {
            _computing = Math.Min(_computing, Seconds(_begun, now));
            return _reading;
        }
        // Results that came long after the images say that the device computed all the time.
        if (rest > Math.Max(LeastWait, 0.05 * _computing))
        {
            _computing = reading + rest;
            return _reading;
        }
        return _reading + Math.Max(0, reading - _computing);
    }

    public void Dispose() => _reader.Dispose();

    private double Seconds(long from, long to) => _time.GetElapsedTime(from, to).TotalSeconds;

    private Batch? Read()
    {
        if (_steps < _unmeasured) return null;
        _asked = _time.GetTimestamp();
        try
        {
            _batch = _reader.Next();
        }
        catch (Exception exception)
        {
            // The step that runs is not to blame.
            _failure = ExceptionDispatchInfo.Capture(exception);
            _batch = null;
        }
        _hasBatch = true;
        _got = _time.GetTimestamp();
        return _batch;
    }
}
